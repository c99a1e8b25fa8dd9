// ops.json and programs.json: value and vector-Jacobian product of an op or a small program.

import { Tensor } from "../../autograd/index.ts";
import { tensorValue, toTensors } from "./decode.ts";
import type { Check } from "./check.ts";
import { Missing } from "./missing.ts";
import type { OpRow, Tensors } from "./op_rows.ts";
import { opRows } from "./ops.ts";
import { programRows } from "./programs.ts";
import { pullback } from "./pullback.ts";
import type { CaseRunner, FixtureCase } from "./types.ts";

function named(result: Tensor | Tensors, names: readonly string[]): Tensors {
  return result instanceof Tensor ? { [names[0] ?? "y"]: result } : result;
}

async function compareOutputs(outputs: Tensors, fixture: FixtureCase, check: Check): Promise<void> {
  for (const name of Object.keys(fixture.out)) {
    const got = outputs[name];
    if (got === undefined) check.fail(name, "the row gives no such output");
    else await check.tensor(name, got, tensorValue(fixture.out, name), "y");
  }
}

async function compareGrads(grads: Tensors, fixture: FixtureCase, check: Check): Promise<void> {
  for (const name of Object.keys(fixture.grad ?? {})) {
    const label = `grad ${name}`;
    const got = grads[name];
    if (got === undefined) check.fail(label, "there is no gradient");
    else await check.tensor(label, got, tensorValue(fixture.grad, name), "grad");
  }
}

function runRow(row: OpRow): CaseRunner {
  return async (fixture, check) => {
    const inputs = toTensors(fixture.in);
    const names = Object.keys(fixture.out);
    const apply = (leaves: Tensors): Tensors =>
      named(row({ ...inputs, ...leaves }, fixture.attrs ?? {}), names);
    const cotangents = toTensors(fixture.cot);
    if (Object.keys(cotangents).length === 0) {
      return await compareOutputs(apply({}), fixture, check);
    }
    const leaves = Object.fromEntries(
      Object.entries(inputs).filter(([, input]) => input.dtype === "f32"),
    );
    const others = names.filter((name) => !(name in cotangents));
    const { outputs, grads } = pullback(apply, leaves, cotangents, others);
    await compareOutputs(outputs, fixture, check);
    await compareGrads(grads, fixture, check);
  };
}

function byTable(rows: Readonly<Record<string, OpRow>>): CaseRunner {
  return async (fixture, check) => {
    const name = fixture.op ?? fixture.id;
    const row = rows[name];
    if (row === undefined) throw new Missing(name);
    await runRow(row)(fixture, check);
  };
}

/** Runs a case of ops.json. */
export const runOp: CaseRunner = /* @__PURE__ */ byTable(opRows);

/** Runs a case of programs.json. */
export const runProgram: CaseRunner = /* @__PURE__ */ byTable(programRows);
