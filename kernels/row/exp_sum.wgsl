// A sum of exponentials as exp(top) sum, taken up in one go over a row: what was summed is scaled
// down whenever a larger number turns up. `top` is kept finite, so that the sum alone tells: it is
// NaN where the row has a NaN, else infinite where the row has infinity, and 0 where it has nothing
// but -infinity.
struct ExpSum { top: f32, sum: f32 }

const MOST = 3.4028234e38;

fn no_exps() -> ExpSum { return ExpSum(-MOST, 0.0); }

// exp, and NaN of NaN: not every adapter's exp gives that.
fn sure_exp(d: V) -> V {
  let is_number = (bitcast<U>(d) & U(0x7fffffffu)) <= U(0x7f800000u);
  return select(d, exp(d), is_number);
}

// Adds exp of those elements of RUN packs that are `seen`.
fn add_exps(
  a: ExpSum,
  v$i: V, seen$i: B,
) -> ExpSum {
  var top = a.top;
  top = max(top, largest(select(V(-MOST), v$i, seen$i)));
  top = min(top, MOST);
  var sum = a.sum * exp(a.top - top);
  sum += total(select(V(), sure_exp(v$i - V(top)), seen$i));
  return ExpSum(top, sum);
}

// The sum over the lanes of a row.
fn join_exps(a: ExpSum, lane: u32) -> ExpSum {
  let top = max_lanes(a.top, lane);
  return ExpSum(top, sum_lanes(a.sum * exp(a.top - top), lane));
}

// y for a sum that is neither 0 nor infinite, else NaN.
fn if_usable(sum: f32, y: f32) -> f32 {
  let bits = bitcast<u32>(sum);
  return select(bitcast<f32>(0x7fc00000u | (bits & 1u)), y, bits - 1u < 0x7f7fffffu);
}
