; RUN: not %w2w-opt --passes=lower_barriers -mcpu=gfx1100 %s 2>&1 | FileCheck %s
; CHECK: arrive:9: barrier.arrive with fewer threads than the block is not supported
; CHECK: count:0: barrier.sync.count with fewer threads than the block is not supported
declare void @w2w.barrier.arrive(i32, i32) convergent
declare void @w2w.barrier.sync.count(i32, i32) convergent
define amdgpu_kernel void @arrive() !dbg !4 {
  call void @w2w.barrier.arrive(i32 1, i32 64), !dbg !7
  ret void
}
define amdgpu_kernel void @count() {
  call void @w2w.barrier.sync.count(i32 1, i32 64)
  ret void
}
!llvm.dbg.cu = !{!0}
!llvm.module.flags = !{!2}
!0 = distinct !DICompileUnit(language: DW_LANG_C, file: !1, emissionKind: LineTablesOnly)
!1 = !DIFile(filename: "a.ptx", directory: "/")
!2 = !{i32 2, !"Debug Info Version", i32 3}
!4 = distinct !DISubprogram(name: "arrive", file: !1, line: 5, type: !5, unit: !0)
!5 = !DISubroutineType(types: !6)
!6 = !{null}
!7 = !DILocation(line: 9, column: 3, scope: !4)
