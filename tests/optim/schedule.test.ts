import * as assert from "uvu/assert";
import { constantRate, cosineDecay, follow, inverseSqrt, linearDecay, sqrtDecay, trapezoid, warmUp }
  from "../../optim/index.ts";
import { assertClose } from "../close.ts";
import { suite } from "../harness.ts";

const test = suite("schedules", { device: false });

const EXACT = { rtol: 1e-15, atol: 1e-15 }; // the same formula in float64

function values(schedule: (step: number) => number, count: number): number[] {
  return Array.from({ length: count }, (_, step) => schedule(step));
}

test("a constant schedule stays at one", () => {
  assertClose(values(constantRate(), 3), [1, 1, 1], EXACT);
});

test("a linear decay falls in equal parts and stays at its end", () => {
  assertClose(values(linearDecay({ total: 4 }), 6), [1, 0.75, 0.5, 0.25, 0, 0], EXACT);
  assertClose(values(linearDecay({ total: 2, final: 0.5 }), 4), [1, 0.75, 0.5, 0.5], EXACT);
});

test("a cosine decay is half a period", () => {
  const half = (1 + Math.SQRT1_2) / 2;

  assertClose(values(cosineDecay({ total: 4 }), 6), [1, half, 0.5, 1 - half, 0, 0], EXACT);
  assertClose(cosineDecay({ total: 2, final: 0.1 })(1), 0.55, EXACT);
});

test("a square-root decay is one minus the root of the time", () => {
  const schedule = sqrtDecay({ total: 16, final: 0.5 });

  assertClose([0, 1, 4, 9, 16, 17].map(schedule), [1, 0.875, 0.75, 0.625, 0.5, 0.5], EXACT);
});

test("the inverse square root holds, then falls without end", () => {
  assertClose([0, 3, 99].map(inverseSqrt()), [1, 0.5, 0.1], EXACT);
  assertClose([0, 3, 4, 15].map(inverseSqrt({ hold: 4 })), [1, 1, Math.sqrt(0.8), 0.5], EXACT);
});

test("a warm-up rises to the start of what follows, and that starts from its step 0", () => {
  const schedule = warmUp(4, linearDecay({ total: 2 }));

  assertClose(values(schedule, 7), [0.25, 0.5, 0.75, 1, 1, 0.5, 0], EXACT);
  assertClose(values(warmUp(0), 2), [1, 1], EXACT);
});

test("a trapezoid rises, stays and falls to its end at the total", () => {
  const schedule = trapezoid({ total: 8, warmUp: 2, decay: 4, final: 0.2 });

  assertClose(values(schedule, 9), [0.5, 1, 1, 1, 1, 0.8, 0.6, 0.4, 0.2], EXACT);
  assertClose(trapezoid({ total: 10 })(9), 0.5, EXACT); // the default fall is a fifth
  assertClose(trapezoid({ total: 8, decay: 4, shape: "sqrt" })(5), 0.5, EXACT);
});

test("schedules follow one another", () => {
  const schedule = follow(constantRate(), 2, follow(linearDecay({ total: 4 }), 1, () => 7));

  assertClose(values(schedule, 5), [1, 1, 1, 7, 7], EXACT);
});

test("options out of range are refused", () => {
  const refuses = (message: RegExp, make: () => unknown): void => assert.throws(make, message);

  refuses(
    /^linearDecay: total is out of range: 0\. Use a whole number from 1\.$/,
    () => linearDecay({ total: 0 }),
  );
  refuses(/^cosineDecay: total is out of range: 2\.5\. /, () => cosineDecay({ total: 2.5 }));
  refuses(/^sqrtDecay: final is out of range: NaN\. /, () => sqrtDecay({ total: 1, final: NaN }));
  refuses(
    /^linearDecay: option missing: total\. Give a whole number from 1\.$/,
    () => linearDecay({} as { total: number }),
  );
  const known = { total: 10, finale: 0.1 };
  for (const [name, make] of Object.entries({ linearDecay, cosineDecay, sqrtDecay })) {
    const message = new RegExp(`^${name}: unknown option: finale\\. Use total, final\\.$`);
    refuses(message, () => make(known));
  }
  refuses(/^trapezoid: unknown option: finale\. /, () => trapezoid(known));
  refuses(
    /^inverseSqrt: unknown option: holds\. Use hold\.$/, () => inverseSqrt({ holds: 10 } as object),
  );
  refuses(/^inverseSqrt: hold is out of range: -1\. /, () => inverseSqrt({ hold: -1 }));
  refuses(/^warmUp: steps is out of range: -1\. Use a whole number from 0\.$/, () => warmUp(-1));
  refuses(
    /^trapezoid: shape is out of range: "step"\. Use linear, cosine, sqrt\.$/,
    () => trapezoid({ total: 3, shape: "step" as "sqrt" }),
  );
  refuses(
    /^trapezoid: rise and fall are longer than the whole: 3 \+ 2 > 4\. Shorten one or raise /,
    () => trapezoid({ total: 4, warmUp: 3, decay: 2 }),
  );
});

test.run();
