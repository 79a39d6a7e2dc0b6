// The header: the layers of the network, and what can be done with the network as a whole.

import {state, change, eachFrame, countOf, underWay} from "./state.js";
import {order} from "./server.js";
import {sentence, whole} from "./numbers.js";
import {write} from "./dom.js";

const $ = id => document.getElementById(id);

const describe = ({layers}) => `${layers.join("-")}: ${whole(countOf(layers))} weights and biases`;

const undoes = {
  step: "the step",
  set: "the weight that was set",
  learn: "the training",
  revert: "the way back to the file",
};

eachFrame(() => {
  const {progress, network, gone, faults} = state;
  const busy = underWay();
  $("gone").hidden = !gone;
  write("about", network ? describe(network) : "");
  $("save").disabled = gone || progress.saved !== false;
  $("save").title = progress.saved ? "The network is the one in the file" : "Write the network to the file";
  $("revert").hidden = !progress.revertible || busy;
  $("takeBack").hidden = !progress.undoes;
  $("takeBack").title = "Takes back " + undoes[progress.undoes];
  write("fileFault", faults.fileFault || sentence(progress.fileError ?? ""));
});

$("save").onclick = () => order("fileFault", "save");
$("revert").onclick = () => order("fileFault", "revert");
$("takeBack").onclick = () => {
  change({taken: null});
  order("fileFault", "undo");
};
