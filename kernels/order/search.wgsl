// y[i] = how many of the sorted x [length] are less than v[i], or, if `right`, not greater.
struct Params { threads: u32, length: u32, x_at: u32, v_at: u32, kind: u32, right: u32 }
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> v: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<i32>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let wanted = key(v[p.v_at + i], p.kind, 0u);
  var low = 0u;
  var high = p.length;
  while (low < high) {
    let half = (low + high) / 2u;
    let other = key(x[p.x_at + half], p.kind, 0u);
    if (other < wanted || (other == wanted && p.right == 1u)) { low = half + 1u; }
    else { high = half; }
  }
  y[i] = i32(low);
}
