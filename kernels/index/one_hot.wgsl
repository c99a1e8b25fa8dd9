// y[r, c] = 1 where labels[r] == c < classes, else 0.
struct Params { threads: u32, classes: u32, label_at: u32, ignore: i32, fault: u32 }
@group(0) @binding(0) var<storage, read> labels: array<i32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<storage, read_write> faults: array<atomic<u32>, 4>;
@group(0) @binding(3) var<uniform> p: Params;

fn item(i: u32) {
  let column = i % p.classes;
  let label = labels[p.label_at + i / p.classes];
  if (column == 0u && label != p.ignore && (label < 0 || u32(label) >= p.classes)) {
    note_fault(p.fault, label, p.classes);
  }
  y[i] = select(0.0, 1.0, label == i32(column) && label != p.ignore);
}
