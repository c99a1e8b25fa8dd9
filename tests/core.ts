// The part of the suite that runs everywhere: in Node, in Deno and in a page. The rows of the ops
// are left to Node for their time; the fixtures run the same kernels on every host.

import "./autograd/indexing.test.ts";
import "./autograd/pullback.test.ts";
import "./autograd/regressions.test.ts";
import "./autograd/tape.test.ts";
import "./autograd/transforms.test.ts";
import "./autograd/tree.test.ts";
import "./autograd/views.test.ts";
import "./engine/choose_adapter.test.ts";
import "./engine/device.test.ts";
import "./engine/elementwise.test.ts";
import "./engine/hazards.test.ts";
import "./engine/host.test.ts";
import "./engine/matmul.test.ts";
import "./engine/memory.test.ts";
import "./engine/profile.test.ts";
import "./engine/random.test.ts";
import "./engine/reduce.test.ts";
import "./engine/shape.test.ts";
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
