"""A kernel with many values alive at once: many_registers.py DIRECTIVES."""
import sys

COUNT = 150
print(f""".version 9.0
.target sm_90
.address_size 64
.visible .entry many(.param .u64 p) {sys.argv[1]} {{
  .reg .u64 a;
  .reg .u32 t;
  .reg .f32 f<{COUNT}>;
  ld.param.u64 a, [p];
  mov.u32 t, %tid.x;
  mad.wide.u32 a, t, {4 * COUNT}, a;""")
for i in range(COUNT):
    print(f"  ld.global.f32 f{i}, [a+{4 * i}];")
print("  bar.sync 0;")
for i in range(COUNT):
    print(f"  fma.rn.f32 f{i}, f{i}, f{(i * 7 + 3) % COUNT}, f{(i * 5 + 1) % COUNT};")
for i in range(COUNT):
    print(f"  st.global.f32 [a+{4 * (COUNT - 1 - i)}], f{i};")
print("  ret;\n}")
