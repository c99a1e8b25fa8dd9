// Copies x [threads] over one of some tensors of its size, kept$i where the turn is first + $i; over
// none at another turn. The bits stay.
// Mark: $i tensors that are kept (PLACES).
@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding($i + 1) var<storage, read_write> kept$i: array<u32>;
struct Params { threads: u32, turn: u32, first: u32, start: u32 }
@group(0) @binding(PLACES + 1) var<uniform> p: Params;

fn item(i: u32) {
  let place = p.turn - p.first; // wraps around for a turn before
  if (place >= PLACES) { return; }
  let word = x[p.start + i];
  if (place == $iu) { kept$i[i] = word; }
}
