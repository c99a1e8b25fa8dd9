// The part of the suite that runs everywhere: in Node, in Deno and in a page.

import "./autograd/ops.test.ts";
import "./engine/choose_adapter.test.ts";
import "./engine/hazards.test.ts";
import "./engine/memory.test.ts";
import "./engine/random.test.ts";
import "./nn/algebra.test.ts";
import "./nn/bonds.test.ts";
import "./nn/models.test.ts";
import "./nn/norms.test.ts";
import "./nn/polar.test.ts";
import "./nn/polar_coefficients.test.ts";
import "./nn/weights.test.ts";
import "./optim/adam.test.ts";
import "./optim/descent.test.ts";
import "./optim/muon.test.ts";
import "./optim/optimizer.test.ts";
import "./optim/pipeline.test.ts";
import "./optim/schedule.test.ts";
import "./optim/sgd.test.ts";
import "./optim/state.test.ts";
