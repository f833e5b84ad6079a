// The few functions of AMD's device library that hip_runtime.h's threadIdx, blockIdx, blockDim, gridDim and __syncthreads call, so
// that a HIP program needs no ROCm to be compiled. Included by -include before the program.
#define DEVICE __attribute__((device)) __attribute__((const))
#define BY_DIMENSION(NAME, X, Y, Z)                                                                                                \
  extern "C" DEVICE __SIZE_TYPE__ NAME(unsigned d) { return d == 0 ? X : d == 1 ? Y : Z; }
BY_DIMENSION(__ockl_get_local_id, __builtin_amdgcn_workitem_id_x(), __builtin_amdgcn_workitem_id_y(), __builtin_amdgcn_workitem_id_z())
BY_DIMENSION(__ockl_get_group_id, __builtin_amdgcn_workgroup_id_x(), __builtin_amdgcn_workgroup_id_y(),
             __builtin_amdgcn_workgroup_id_z())
BY_DIMENSION(__ockl_get_local_size, __builtin_amdgcn_workgroup_size_x(), __builtin_amdgcn_workgroup_size_y(),
             __builtin_amdgcn_workgroup_size_z())
BY_DIMENSION(__ockl_get_num_groups, __builtin_amdgcn_grid_size_x() / __builtin_amdgcn_workgroup_size_x(),
             __builtin_amdgcn_grid_size_y() / __builtin_amdgcn_workgroup_size_y(),
             __builtin_amdgcn_grid_size_z() / __builtin_amdgcn_workgroup_size_z())
#undef BY_DIMENSION
// The header declares it with enumerations of its own; the arguments say less than the strongest fence does.
__attribute__((device)) inline __attribute__((used)) void fence_of_all(int, int, int) __asm__("__atomic_work_item_fence");
__attribute__((device)) inline void fence_of_all(int, int, int) { __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, "agent"); }
#undef DEVICE
