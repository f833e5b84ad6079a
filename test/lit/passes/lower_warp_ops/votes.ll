; RUN: %w2w-opt --passes=lower_warp_ops -mcpu=gfx942 %s | FileCheck %s --implicit-check-not=strict.wwm --implicit-check-not=set.inactive --implicit-check-not=wave.reduce --check-prefixes=CHECK,WAVE64
; RUN: %w2w-opt --passes=lower_warp_ops -mcpu=gfx1100 %s | FileCheck %s --implicit-check-not=strict.wwm --implicit-check-not=set.inactive --implicit-check-not=wave.reduce --check-prefixes=CHECK,WAVE32
declare i32 @w2w.vote.ballot(i1, i32)
declare i1 @w2w.vote.all(i1, i32)
declare i32 @w2w.activemask()
declare i32 @w2w.match.any.b32(i32, i32)
declare i32 @w2w.redux.min(i32, i32)
declare i32 @w2w.redux.add(i32, i32)
declare void @w2w.bar.warp(i32)

; The half's 32 bits of the wave's ballot, cut to the mask.
; CHECK-LABEL: @ballot
; WAVE64: [[B:%.*]] = call i64 @llvm.amdgcn.ballot.i64(i1 %p)
; WAVE64: %warp_ballot = select i1 %{{.*}}, i32 %{{.*}}, i32 %{{.*}}
; WAVE64: and i32 %warp_ballot, %m
; WAVE32: [[B:%.*]] = call i32 @llvm.amdgcn.ballot.i32(i1 %p)
; WAVE32: and i32 [[B]], %m
define i32 @ballot(i1 %p, i32 %m) {
  %r = call i32 @w2w.vote.ballot(i1 %p, i32 %m)
  ret i32 %r
}
; CHECK-LABEL: @all
; CHECK: [[NOT:%.*]] = xor i1 %p, true
; CHECK: @llvm.amdgcn.ballot.i{{32|64}}(i1 [[NOT]])
; CHECK: icmp eq i32 %{{.*}}, 0
define i1 @all(i1 %p, i32 %m) {
  %r = call i1 @w2w.vote.all(i1 %p, i32 %m)
  ret i1 %r
}
; CHECK-LABEL: @active
; CHECK: @llvm.amdgcn.ballot.i{{32|64}}(i1 true)
define i32 @active() {
  %r = call i32 @w2w.activemask()
  ret i32 %r
}
; CHECK-LABEL: @match
; CHECK: match:
; CHECK: [[FIRST:%.*]] = call i32 @llvm.amdgcn.readfirstlane.i32(i32 %v)
; CHECK: [[SAME:%.*]] = icmp eq i32 %v, [[FIRST]]
; CHECK: br i1 [[SAME]], label %{{.*}}, label %match
define i32 @match(i32 %v, i32 %m) {
  %r = call i32 @w2w.match.any.b32(i32 %v, i32 %m)
  ret i32 %r
}
; One group of threads a turn, the others with the neutral element; on wave64 the half is part of the group.
; CHECK-LABEL: @redux
; CHECK: readfirstlane.i32(i32 %m)
; WAVE64: readfirstlane.i32(i32 %half_base)
; CHECK: [[PART:%.*]] = select i1 [[MINE:%.*]], i32 %v, i32 2147483647
; The lanes one by one, not by wave.reduce, which overwrites SCC unannounced.
; CHECK: [[HERE:%.*]] = call i{{32|64}} @llvm.amdgcn.ballot
; CHECK: phi i{{32|64}} [ [[HERE]],
; CHECK: @llvm.amdgcn.readlane.i32(i32 [[PART]],
; CHECK: @llvm.smin.i32
; CHECK-NOT: wave.reduce
; CHECK: br i1 [[MINE]]
define i32 @redux(i32 %v, i32 %m) {
  %r = call i32 @w2w.redux.min(i32 %v, i32 %m)
  ret i32 %r
}
; A thread's place among those of a ballot, by %lanemask_lt or as programs compute it.
; CHECK-LABEL: @place
; WAVE32: call i32 @llvm.amdgcn.mbcnt.lo(i32 %{{.*}}, i32 0)
; WAVE64: call i32 @llvm.amdgcn.mbcnt.lo(i32 [[LOW:%.*]], i32 0)
; WAVE64: call i32 @llvm.amdgcn.mbcnt.hi(i32 %{{.*}}, i32 0)
; CHECK: ret i32
define i32 @place(i1 %p) {
  %low = call i32 @llvm.amdgcn.mbcnt.lo(i32 -1, i32 0)
  %wave = call i32 @llvm.amdgcn.mbcnt.hi(i32 -1, i32 %low)
  %lane = and i32 %wave, 31
  %ones = shl nsw i32 -1, %lane
  %below = xor i32 %ones, -1
  %ballot = call i32 @w2w.vote.ballot(i1 %p, i32 -1)
  %lower = and i32 %ballot, %below
  %place = call i32 @llvm.ctpop.i32(i32 %lower)
  ret i32 %place
}
; CHECK-LABEL: @not_the_place
; CHECK-NOT: @llvm.amdgcn.mbcnt.lo(i32 %{{.*}}, i32 0)
; CHECK: ret i32
define i32 @not_the_place(i1 %p) {
  %low = call i32 @llvm.amdgcn.mbcnt.lo(i32 -1, i32 0)
  %wave = call i32 @llvm.amdgcn.mbcnt.hi(i32 -1, i32 %low)
  %lane = and i32 %wave, 31
  %ones = shl nsw i32 -2, %lane
  %through = xor i32 %ones, -1
  %ballot = call i32 @w2w.vote.ballot(i1 %p, i32 -1)
  %lower = and i32 %ballot, %through
  %place = call i32 @llvm.ctpop.i32(i32 %lower)
  ret i32 %place
}
; One mask for all executing threads of a warp: whole warps at once, a loop over the threads for parts. Nothing in whole-wave mode.
; CHECK-LABEL: @redux_whole
; WAVE64: %[[#A:]] = call i64 @llvm.amdgcn.ballot.i64(i1 true)
; WAVE32: %[[#A:]] = call i32 @llvm.amdgcn.ballot.i32(i1 true)
; CHECK: br i1 %{{.*}}, label %redux.whole, label %redux
; CHECK: redux.whole:
; WAVE64: @llvm.amdgcn.update.dpp.i32(i32 2147483647, i32 %v, i32 273, i32 15,
; WAVE64: @llvm.amdgcn.update.dpp.i32(i32 2147483647, i32 {{.*}}, i32 322, i32 10,
; WAVE64: @llvm.amdgcn.readlane.i32(i32 {{.*}}, i32 31)
; WAVE64: @llvm.amdgcn.readlane.i32(i32 {{.*}}, i32 63)
; WAVE32: @llvm.amdgcn.permlanex16
; CHECK: redux:
; CHECK: ret i32
; CHECK: lane:
; CHECK: @llvm.amdgcn.readlane.i32(i32 %{{.*}}, i32 %
define i32 @redux_whole(i32 %v) {
  %r = call i32 @w2w.redux.min(i32 %v, i32 -1)
  ret i32 %r
}
; CHECK-LABEL: @redux_active
; CHECK: br i1 %{{.*}}, label %redux.whole, label %redux
; CHECK: ret i32
define i32 @redux_active(i32 %v) {
  %m = call i32 @w2w.activemask()
  %r = call i32 @w2w.redux.add(i32 %v, i32 %m)
  ret i32 %r
}
; The threads that come together may have had different masks before.
; CHECK-LABEL: @redux_active_before
; CHECK: @llvm.amdgcn.readlane.i32(i32 %{{.*}}, i32 %
; CHECK: add i32
define i32 @redux_active_before(i32 %v, i1 %c) {
  %m = call i32 @w2w.activemask()
  br i1 %c, label %then, label %end
then:
  %r = call i32 @w2w.redux.add(i32 %v, i32 %m)
  ret i32 %r
end:
  ret i32 0
}
; CHECK-LABEL: @warp_barrier
; CHECK: fence syncscope("wavefront") release
; CHECK: @llvm.amdgcn.wave.barrier()
; CHECK: fence syncscope("wavefront") acquire
define void @warp_barrier() {
  call void @w2w.bar.warp(i32 -1)
  ret void
}
