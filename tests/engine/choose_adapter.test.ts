// Which adapter fits which choice, with hosts that are made up.

import * as assert from "uvu/assert";
import { chooseAdapter, NATIVE_REMEDY, noAdapterError } from "../../engine/choose_adapter.ts";
import { GpuError } from "../../engine/index.ts";
import { suite } from "../harness.ts";

const test = suite("choose adapter", { device: false });

interface Asked {
  options?: GPURequestAdapterOptions | undefined;
}

function hostWith(info: Partial<GPUAdapterInfo> | null, asked: Asked = {}) {
  const names = { vendor: "", architecture: "", device: "", description: "" };
  const adapter = info && ({ info: { ...names, isFallbackAdapter: false, ...info } });
  return {
    requestAdapter: (options?: GPURequestAdapterOptions) => {
      asked.options = options;
      return Promise.resolve(adapter as GPUAdapter | null); // the choice looks at the info alone
    },
  };
}

const gpu = { description: "A Card 4000" };
const llvmpipe = { description: "llvmpipe (LLVM 19.1.7, 256 bits)" };

test("auto takes a GPU and a software adapter, and says which it is", async () => {
  const card = await chooseAdapter(hostWith(gpu), "auto", {});
  const byName = await chooseAdapter(hostWith(llvmpipe), "auto", {});
  const byFlag = await chooseAdapter(hostWith({ isFallbackAdapter: true }), "auto", {});

  assert.is("software" in card && card.software, false);
  assert.is("software" in byName && byName.software, true);
  assert.is("software" in byFlag && byFlag.software, true);
});

test("never refuses a software adapter by its name", async () => {
  const choice = await chooseAdapter(hostWith(llvmpipe), "never", {});

  assert.match("refused" in choice ? choice.refused : "", /only adapter .* \(llvmpipe/);
});

test("only asks for the fallback adapter, keeps the other options, and refuses a GPU", async () => {
  const asked: Asked = {};
  const choice = await chooseAdapter(hostWith(gpu, asked), "only", { featureLevel: "core" });

  assert.equal(asked.options, { featureLevel: "core", forceFallbackAdapter: true });
  assert.match("refused" in choice ? choice.refused : "", /A Card 4000/);
});

test("a host without an adapter is refused, not an error", async () => {
  const choice = await chooseAdapter(hostWith(null), "auto", {});

  assert.equal(choice, { refused: "the host gives no adapter" });
});

test("the error without an adapter names what was tried and the three ways to get one", () => {
  const error = noAdapterError(["the host gives no adapter", "no package"], NATIVE_REMEDY);

  assert.instance(error, GpuError);
  assert.match(error.message, /^openDevice: no WebGPU adapter: the host gives .*; no package\. /);
  const ways = ["GPU driver", "npm install --save-dev @sparticuz/chromium", "your own device"];
  for (const way of ways) assert.match(error.message, way);
});

test.run();
