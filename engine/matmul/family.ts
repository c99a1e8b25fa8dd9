import type { Device } from "../device.ts";
import { kindOf } from "../device_kind.ts";
import type { Head } from "../fusion/head.ts";
import { type Choice, choose, use } from "./choose.ts";
import { type Problem, type Traits, turned } from "./problem.ts";
import { MatmulProduct, type ProductParts } from "./product.ts";
import { type Variant, nameOf, refusal } from "./variant.ts";

/** The matmul kernels of a device, and which of them it takes. */
export class MatmulKernels {
  readonly #device: Device;
  #traits: Traits | undefined;

  constructor(device: Device) {
    this.#device = device;
  }

  /** What kind of device this is. */
  get traits(): Traits {
    const { info } = this.#device;
    // Tests make a device pass for another kind.
    if (this.#traits && (this.#traits.kind !== "gpu") === info.software) return this.#traits;
    return this.#traits = traitsOf(this.#device);
  }

  /**
   * The kernel for a product: the fastest as far as it has been measured, else by rule.
   *
   * @param variant to be used instead
   * @throws RangeError if that cannot be
   */
  choice(problem: Problem, variant?: Variant): Choice {
    if (variant) return this.#forced(variant, problem);
    return this.#device.tuner?.choice(this.#device, problem) ?? choose(problem, this.traits);
  }

  /**
   * A product whose operands are there.
   *
   * @throws RangeError if the variant asked for cannot compute it
   */
  product(parts: ProductParts): Head {
    return new MatmulProduct(this.#device, parts);
  }

  #forced(variant: Variant, problem: Problem): Choice {
    const choice = use(variant, problem, this.traits);
    const no = refusal(variant, choice.turned ? turned(problem) : problem, this.traits);
    if (no === "") return choice;
    throw new RangeError(
      `matmul: ${nameOf(variant)} cannot be used: ${no}. Leave out \`variant\`.`,
    );
  }
}

function traitsOf(device: Device): Traits {
  const { gpu, features, limits } = device;
  const known: Partial<GPUAdapterInfo> | undefined = gpu.adapterInfo;
  return {
    kind: kindOf(device),
    subgroup: features.has("subgroups") ? known?.subgroupMinSize ?? 4 : 0,
    maxInvocations: limits.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupBytes: limits.maxComputeWorkgroupStorageSize,
  };
}
