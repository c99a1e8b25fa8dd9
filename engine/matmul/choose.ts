import { type Problem, type Traits, turned } from "./problem.ts";
import { type Variant, blocks, groupsOf, lanes, nameOf, refusal, skinny, tiled } from
  "./variant.ts";

/** A kernel for a product, and how it is used. */
export interface Choice {
  readonly variant: Variant;
  /** Whether it computes the transposed product. */
  readonly turned: boolean;
  /** Dispatches' worth of parts that each sum is cut into, and the terms of one. */
  readonly parts: number;
  readonly span: number;
  readonly why: string;
}

/** Kernel and reason, as the rules give them. */
type Rule = readonly [variant: Variant, why: string];

/** The choice without measuring: by the kind of device and the shape. */
export function choose(problem: Problem, traits: Traits): Choice {
  const turn = turns(problem);
  const p = turn ? turned(problem) : problem;
  const [variant, why] = ruleFor(p, traits);
  return { ...use(variant, problem, traits), why };
}

/** How a variant is used for a product. */
export function use(variant: Variant, problem: Problem, traits: Traits, why = "asked for"): Choice {
  const turn = turns(problem);
  const p = turn ? turned(problem) : problem;
  return { variant, turned: turn, ...cut(variant, p, traits), why };
}

/** Kernels worth timing for a product: that of `choose`, then others that can compute it. */
export function candidates(problem: Problem, traits: Traits): Choice[] {
  const first = choose(problem, traits);
  const p = first.turned ? turned(problem) : problem;
  const others = rivals(p, traits).filter((v) => {
    return refusal(v, p, traits) === "" && nameOf(v) !== nameOf(first.variant);
  });
  return [first, ...others.map((v) => use(v, problem, traits, "a rival"))];
}

/** Few columns are better seen as few rows: lanes run along columns. */
function turns({ m, n, symmetric }: Problem): boolean {
  return !symmetric && n < 16 && m > n;
}

function ruleFor(p: Problem, traits: Traits): Rule {
  if (Math.max(p.m, p.n) <= 16) return tiny(p);
  if (traits.kind === "gpu") return forGpu(p, traits);
  return traits.kind === "narrow" ? forNarrow(p, traits) : forWide(p, traits);
}

/** Several matrices a workgroup. */
function tiny({ m, n }: Problem): Rule {
  const side = Math.max(m, n);
  const why = `${m} x ${n} fit one workgroup together with others of the batch`;
  if (side <= 4) return [lanes([4, 1], [4, 1, 16]), why];
  return [side <= 8 ? lanes([4, 2], [4, 2, 8]) : lanes([4, 4], [4, 4, 4]), why];
}

/** Tiles of 64 x 64 or more from this many on; fewer would leave processors of a GPU idle. */
const BUSY = 96;

function forGpu(p: Problem, traits: Traits): Rule {
  if (p.m <= 4) {
    const rows = p.m === 1 ? 1 : p.m === 2 ? 2 : 4;
    const across = p.b.down ? 4 : 32;
    const share = Math.min(256, traits.maxInvocations) / across;
    return [skinny(rows, across, share), `${p.m} rows: each element of B is used once or little`];
  }
  if (p.m < 32 || p.n < 32 || p.k < 16) {
    return [lanes([4, 4], [8, 8]), "too small for tiles in workgroup memory"];
  }
  const large = tiled([8, 8], [16, 8]);
  if (!p.symmetric && p.m >= 256 && groupsOf(large, p) >= 4 * BUSY) {
    return [large, "a GPU, and tiles of 64 x 128 enough to fill it"];
  }
  const medium = tiled([8, 8], [8, 8]);
  if (groupsOf(medium, p) >= BUSY) return [medium, "a GPU, and tiles of 64 x 64 enough to fill it"];
  return [tiled([4, 4], [8, 8]), "a GPU, and too few larger tiles to fill it"];
}

/**
 * SwiftShader: each load is made lane by lane and costs as much as ten sums, and every assignment
 * is masked by the lanes that are active, at the price of two sums. So: rows loaded once for all
 * lanes, four terms or more an assignment, and large tiles.
 */
function forNarrow(p: Problem, { subgroup }: Traits): Rule {
  const { m, n, k } = p;
  const rows = m > 8 ? 16 : m > 4 ? 8 : m > 2 ? 4 : m;
  const columns = n > 16 ? 8 : 4;
  const depth = k < 4 ? 1 : isDeep(p) ? 8 : 4;
  if (rows <= 2) return [lanes([rows, 8], [4, 1], 1, depth), `four lanes, ${rows} rows`];
  if (subgroup < 4) return [lanes([rows, columns], [4, 2]), "four lanes, no subgroups"];
  const how = "four lanes swap rows";
  if (isHeavy(p, "narrow")) return [lanes([32, 8], [4, 1], 4, depth), `a large product, ${how}`];
  return [lanes([rows, columns], [4, 1], 4, depth), how];
}

/** Terms of all sums from which a tile that takes twice as long to compile pays. */
const HEAVY = { narrow: 2 ** 23, wide: 2 ** 25 } as const;

function isHeavy({ m, n, k, batch }: Problem, kind: keyof typeof HEAVY): boolean {
  return m * n * k * batch >= HEAVY[kind] && m >= 128 && n >= 128;
}

/** Whether eight terms an assignment pay: a tenth faster than four, twice as long to compile. */
function isDeep({ m, n, k, batch }: Problem): boolean {
  return k % 8 === 0 && m * n * k * batch >= 8 * HEAVY.narrow;
}

/**
 * llvmpipe: what a kernel takes to compile grows with its loads and stores, so one term a turn;
 * each load is a gather, so rows are loaded once for all lanes.
 */
function forWide(p: Problem, { subgroup }: Traits): Rule {
  const { m, n } = p;
  const columns = n > 32 ? 8 : n > 16 ? 4 : 2;
  if (m <= 4) return [lanes([m === 3 ? 4 : m, columns], [8, 1]), `${m} rows`];
  const share = subgroup >= 8 ? 8 : subgroup >= 4 ? 4 : 1;
  if (share === 1) return [lanes([8, columns], [8, 4]), "no subgroups"];
  const how = "rows shared by broadcast";
  if (m > 16 && n > 16) {
    const large = isHeavy(p, "wide");
    return [lanes([32, large ? 8 : 4], [8, 1], share), large ? `a large product, ${how}` : how];
  }
  return [lanes([m > 8 ? 16 : 8, columns], [8, 1], share), how];
}

/** Other kernels that may be the fastest, few enough to be compiled and timed. */
function rivals({ k, symmetric }: Problem, { kind, subgroup }: Traits): readonly Variant[] {
  if (kind === "gpu") {
    return [
      tiled([4, 4], [8, 8]), tiled([8, 8], [8, 8]), tiled([8, 8], [16, 8]),
      ...(symmetric ? [] : [blocks([8, 8], [8, 8])]), lanes([4, 4], [8, 8]),
    ];
  }
  const [most, across] = kind === "narrow" ? [4, 4] : [8, 8];
  const share = subgroup >= most ? most : 1;
  const tiles = [[8, 8], [16, 4], [16, 8], [32, 4], [32, 8]] as const;
  const depth = kind === "narrow" ? 4 : 1;
  const deep = kind === "narrow" && k % 8 === 0 ? [lanes([32, 8], [across, 1], share, 8)] : [];
  return [...tiles.map((tile) => lanes(tile, [across, 1], share, depth)), ...deep];
}

/** Cuts deep sums where there are too few workgroups to keep the device busy. */
function cut(variant: Variant, p: Problem, { kind }: Traits): Pick<Choice, "parts" | "span"> {
  const [wanted, least] = kind === "gpu" ? [128, 128] : [8, 512];
  const groups = groupsOf(variant, p);
  const most = Math.min(64, Math.floor(p.k / least), Math.ceil(wanted / groups));
  if (groups * 2 > wanted || most < 2) return { parts: 1, span: p.k };
  const span = Math.ceil(p.k / most / 16) * 16; // whole vectors, and whole turns of any loop
  return { parts: Math.ceil(p.k / span), span };
}
