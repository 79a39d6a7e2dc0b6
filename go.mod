module digits

go 1.24
