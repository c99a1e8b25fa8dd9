import type { DeviceKind } from "../device_kind.ts";
import type { DType } from "../dtype.ts";

/** How the kernels can read an operand. */
export interface Way {
  /** Whether neighbours along k lie side by side, rather than along the other axis. */
  readonly down: boolean;
  /** Whether vectors of four along that axis are aligned and whole. */
  readonly vec4: boolean;
  readonly dtype: DType;
}

/** What the choice of a kernel goes by. */
export interface Problem {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Number of matrices. */
  readonly batch: number;
  readonly symmetric: boolean;
  readonly a: Way;
  readonly b: Way;
}

/** The product seen from the other side, `C^T = B^T A^T`: for kernels that prefer wide ones. */
export function turned({ m, n, k, batch, symmetric, a, b }: Problem): Problem {
  return { m: n, n: m, k, batch, symmetric, a: b, b: a };
}

/** What kind of device computes. */
export interface Traits {
  readonly kind: DeviceKind;
  /** Fewest lanes of a subgroup, where kernels may use subgroups; else 0. */
  readonly subgroup: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupBytes: number;
}
