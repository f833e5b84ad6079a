// Prototypes of the driver API entry points that libcuda.so.1 implements, by their exported
// (versioned) names. Our libcudart is written over these. Every other driver-API name is exported
// too, from entry_points.def, and answers CUDA_ERROR_NOT_SUPPORTED. The types must be declared
// before this file is included (cuda_abi.h; the ABI test includes a toolkit's cuda.h instead, so
// that a prototype that differs does not compile). Source: CUDA Driver API reference (13.0), module
// by module in its order.
#pragma once

#define W2W_CU extern "C" __attribute__((visibility("default"))) CUresult

// Entry points that take or imply a stream exist twice: NULL is the legacy default stream in the
// plain one, and the calling thread's own default stream in the other (_ptsz where a stream is a
// parameter, _ptds where it is implied).
#define W2W_CU_PTSZ(name, ...)                                                                     \
  W2W_CU name(__VA_ARGS__);                                                                        \
  W2W_CU name##_ptsz(__VA_ARGS__)
#define W2W_CU_PTDS(name, ...)                                                                     \
  W2W_CU name(__VA_ARGS__);                                                                        \
  W2W_CU name##_ptds(__VA_ARGS__)

// Errors, initialisation, version, entry points
W2W_CU cuGetErrorString(CUresult error, const char **str);
W2W_CU cuGetErrorName(CUresult error, const char **str);
W2W_CU cuInit(unsigned int flags);
W2W_CU cuDriverGetVersion(int *version);
W2W_CU cuGetProcAddress(const char *symbol, void **pfn, int version, cuuint64_t flags);
W2W_CU cuGetProcAddress_v2(const char *symbol, void **pfn, int version, cuuint64_t flags,
                           CUdriverProcAddressQueryResult *status);
W2W_CU cuGetExportTable(const void **table, const CUuuid *id);

// Devices
W2W_CU cuDeviceGet(CUdevice *device, int ordinal);
W2W_CU cuDeviceGetCount(int *count);
W2W_CU cuDeviceGetName(char *name, int len, CUdevice dev);
W2W_CU cuDeviceGetUuid(CUuuid *uuid, CUdevice dev);
W2W_CU cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice dev);
W2W_CU cuDeviceGetLuid(char *luid, unsigned int *node_mask, CUdevice dev);
W2W_CU cuDeviceTotalMem_v2(size_t *bytes, CUdevice dev);
W2W_CU cuDeviceGetTexture1DLinearMaxWidth(size_t *elements, CUarray_format format,
                                          unsigned channels, CUdevice dev);
W2W_CU cuDeviceGetAttribute(int *value, CUdevice_attribute attrib, CUdevice dev);
W2W_CU cuDeviceGetProperties(CUdevprop *prop, CUdevice dev);
W2W_CU cuDeviceComputeCapability(int *major, int *minor, CUdevice dev);
W2W_CU cuDeviceGetPCIBusId(char *id, int len, CUdevice dev);
W2W_CU cuDeviceGetByPCIBusId(CUdevice *dev, const char *id);
W2W_CU cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice dev);
W2W_CU cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice dev);
W2W_CU cuDeviceSetMemPool(CUdevice dev, CUmemoryPool pool);
W2W_CU cuDeviceGetExecAffinitySupport(int *value, CUexecAffinityType type, CUdevice dev);
W2W_CU cuDeviceCanAccessPeer(int *can, CUdevice dev, CUdevice peer);
W2W_CU cuDeviceGetP2PAttribute(int *value, CUdevice_P2PAttribute attrib, CUdevice src,
                               CUdevice dst);
W2W_CU cuFlushGPUDirectRDMAWrites(CUflushGPUDirectRDMAWritesTarget target,
                                  CUflushGPUDirectRDMAWritesScope scope);

// Primary contexts, contexts
W2W_CU cuDevicePrimaryCtxRetain(CUcontext *ctx, CUdevice dev);
W2W_CU cuDevicePrimaryCtxRelease(CUdevice dev);
W2W_CU cuDevicePrimaryCtxRelease_v2(CUdevice dev);
W2W_CU cuDevicePrimaryCtxSetFlags(CUdevice dev, unsigned int flags);
W2W_CU cuDevicePrimaryCtxSetFlags_v2(CUdevice dev, unsigned int flags);
W2W_CU cuDevicePrimaryCtxGetState(CUdevice dev, unsigned int *flags, int *active);
W2W_CU cuDevicePrimaryCtxReset(CUdevice dev);
W2W_CU cuDevicePrimaryCtxReset_v2(CUdevice dev);
W2W_CU cuCtxCreate(CUcontext *ctx, unsigned int flags, CUdevice dev);
W2W_CU cuCtxCreate_v2(CUcontext *ctx, unsigned int flags, CUdevice dev);
W2W_CU cuCtxCreate_v3(CUcontext *ctx, CUexecAffinityParam *params, int count, unsigned int flags,
                      CUdevice dev);
W2W_CU cuCtxCreate_v4(CUcontext *ctx, CUctxCreateParams *params, unsigned int flags, CUdevice dev);
W2W_CU cuCtxDestroy(CUcontext ctx);
W2W_CU cuCtxDestroy_v2(CUcontext ctx);
W2W_CU cuCtxPushCurrent(CUcontext ctx);
W2W_CU cuCtxPushCurrent_v2(CUcontext ctx);
W2W_CU cuCtxPopCurrent(CUcontext *ctx);
W2W_CU cuCtxPopCurrent_v2(CUcontext *ctx);
W2W_CU cuCtxSetCurrent(CUcontext ctx);
W2W_CU cuCtxGetCurrent(CUcontext *ctx);
W2W_CU cuCtxGetDevice(CUdevice *device);
W2W_CU cuCtxGetDevice_v2(CUdevice *device, CUcontext ctx);
W2W_CU cuCtxGetFlags(unsigned int *flags);
W2W_CU cuCtxSetFlags(unsigned int flags);
W2W_CU cuCtxGetId(CUcontext ctx, unsigned long long *id);
W2W_CU cuCtxSynchronize(void);
W2W_CU cuCtxSynchronize_v2(CUcontext ctx);
W2W_CU cuCtxSetLimit(CUlimit limit, size_t value);
W2W_CU cuCtxGetLimit(size_t *value, CUlimit limit);
W2W_CU cuCtxGetCacheConfig(CUfunc_cache *config);
W2W_CU cuCtxSetCacheConfig(CUfunc_cache config);
W2W_CU cuCtxGetSharedMemConfig(CUsharedconfig *config);
W2W_CU cuCtxSetSharedMemConfig(CUsharedconfig config);
W2W_CU cuCtxGetApiVersion(CUcontext ctx, unsigned int *version);
W2W_CU cuCtxGetStreamPriorityRange(int *least, int *greatest);
W2W_CU cuCtxResetPersistingL2Cache(void);
W2W_CU cuCtxGetExecAffinity(CUexecAffinityParam *affinity, CUexecAffinityType type);
W2W_CU cuCtxAttach(CUcontext *ctx, unsigned int flags);
W2W_CU cuCtxDetach(CUcontext ctx);
W2W_CU cuCtxEnablePeerAccess(CUcontext peer, unsigned int flags);
W2W_CU cuCtxDisablePeerAccess(CUcontext peer);

// Modules, linking, libraries, kernels
W2W_CU cuModuleLoad(CUmodule *module, const char *fname);
W2W_CU cuModuleLoadData(CUmodule *module, const void *image);
W2W_CU cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned int num_options,
                          CUjit_option *options, void **values);
W2W_CU cuModuleLoadFatBinary(CUmodule *module, const void *fat_cubin);
W2W_CU cuModuleUnload(CUmodule module);
W2W_CU cuModuleGetLoadingMode(CUmoduleLoadingMode *mode);
W2W_CU cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name);
W2W_CU cuModuleGetFunctionCount(unsigned int *count, CUmodule module);
W2W_CU cuModuleEnumerateFunctions(CUfunction *functions, unsigned int count, CUmodule module);
W2W_CU cuModuleGetGlobal_v2(CUdeviceptr *dptr, size_t *bytes, CUmodule module, const char *name);
W2W_CU cuLinkCreate(unsigned int num_options, CUjit_option *options, void **values,
                    CUlinkState *state);
W2W_CU cuLinkCreate_v2(unsigned int num_options, CUjit_option *options, void **values,
                       CUlinkState *state);
W2W_CU cuLinkAddData(CUlinkState state, CUjitInputType type, void *data, size_t size,
                     const char *name, unsigned int num_options, CUjit_option *options,
                     void **values);
W2W_CU cuLinkAddData_v2(CUlinkState state, CUjitInputType type, void *data, size_t size,
                        const char *name, unsigned int num_options, CUjit_option *options,
                        void **values);
W2W_CU cuLinkAddFile(CUlinkState state, CUjitInputType type, const char *path,
                     unsigned int num_options, CUjit_option *options, void **values);
W2W_CU cuLinkAddFile_v2(CUlinkState state, CUjitInputType type, const char *path,
                        unsigned int num_options, CUjit_option *options, void **values);
W2W_CU cuLinkComplete(CUlinkState state, void **cubin, size_t *size);
W2W_CU cuLinkDestroy(CUlinkState state);
W2W_CU cuLibraryLoadData(CUlibrary *library, const void *code, CUjit_option *jit_options,
                         void **jit_values, unsigned int num_jit, CUlibraryOption *library_options,
                         void **library_values, unsigned int num_library);
W2W_CU cuLibraryLoadFromFile(CUlibrary *library, const char *file, CUjit_option *jit_options,
                             void **jit_values, unsigned int num_jit,
                             CUlibraryOption *library_options, void **library_values,
                             unsigned int num_library);
W2W_CU cuLibraryUnload(CUlibrary library);
W2W_CU cuLibraryGetKernel(CUkernel *kernel, CUlibrary library, const char *name);
W2W_CU cuLibraryGetKernelCount(unsigned int *count, CUlibrary library);
W2W_CU cuLibraryEnumerateKernels(CUkernel *kernels, unsigned int count, CUlibrary library);
W2W_CU cuLibraryGetModule(CUmodule *module, CUlibrary library);
W2W_CU cuLibraryGetGlobal(CUdeviceptr *dptr, size_t *bytes, CUlibrary library, const char *name);
W2W_CU cuLibraryGetManaged(CUdeviceptr *dptr, size_t *bytes, CUlibrary library, const char *name);
W2W_CU cuKernelGetFunction(CUfunction *function, CUkernel kernel);
W2W_CU cuKernelGetLibrary(CUlibrary *library, CUkernel kernel);
W2W_CU cuKernelGetAttribute(int *value, CUfunction_attribute attrib, CUkernel kernel, CUdevice dev);
W2W_CU cuKernelSetAttribute(CUfunction_attribute attrib, int value, CUkernel kernel, CUdevice dev);
W2W_CU cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config, CUdevice dev);
W2W_CU cuKernelGetName(const char **name, CUkernel kernel);
W2W_CU cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset, size_t *size);

// Memory
W2W_CU cuMemGetInfo_v2(size_t *free, size_t *total);
W2W_CU cuMemAlloc_v2(CUdeviceptr *dptr, size_t bytes);
W2W_CU cuMemAllocPitch_v2(CUdeviceptr *dptr, size_t *pitch, size_t width, size_t height,
                          unsigned int element_size);
W2W_CU cuMemFree_v2(CUdeviceptr dptr);
W2W_CU cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *size, CUdeviceptr dptr);
W2W_CU cuMemAllocHost_v2(void **pp, size_t bytes);
W2W_CU cuMemFreeHost(void *p);
W2W_CU cuMemHostAlloc(void **pp, size_t bytes, unsigned int flags);
W2W_CU cuMemHostGetDevicePointer_v2(CUdeviceptr *dptr, void *p, unsigned int flags);
W2W_CU cuMemHostGetFlags(unsigned int *flags, void *p);
W2W_CU cuMemAllocManaged(CUdeviceptr *dptr, size_t bytes, unsigned int flags);
W2W_CU cuMemHostRegister(void *p, size_t bytes, unsigned int flags);
W2W_CU cuMemHostRegister_v2(void *p, size_t bytes, unsigned int flags);
W2W_CU cuMemHostUnregister(void *p);
W2W_CU_PTDS(cuMemcpy, CUdeviceptr dst, CUdeviceptr src, size_t bytes);
W2W_CU_PTDS(cuMemcpyPeer, CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src, CUcontext src_ctx,
            size_t bytes);
W2W_CU_PTDS(cuMemcpyHtoD_v2, CUdeviceptr dst, const void *src, size_t bytes);
W2W_CU_PTDS(cuMemcpyDtoH_v2, void *dst, CUdeviceptr src, size_t bytes);
W2W_CU_PTDS(cuMemcpyDtoD_v2, CUdeviceptr dst, CUdeviceptr src, size_t bytes);
W2W_CU_PTDS(cuMemcpy2D_v2, const CUDA_MEMCPY2D *copy);
W2W_CU_PTDS(cuMemcpy2DUnaligned_v2, const CUDA_MEMCPY2D *copy);
W2W_CU_PTDS(cuMemcpy3D_v2, const CUDA_MEMCPY3D *copy);
W2W_CU_PTDS(cuMemcpy3DPeer, const CUDA_MEMCPY3D_PEER *copy);
W2W_CU_PTSZ(cuMemcpyAsync, CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream);
W2W_CU_PTSZ(cuMemcpyPeerAsync, CUdeviceptr dst, CUcontext dst_ctx, CUdeviceptr src,
            CUcontext src_ctx, size_t bytes, CUstream stream);
W2W_CU_PTSZ(cuMemcpyHtoDAsync_v2, CUdeviceptr dst, const void *src, size_t bytes, CUstream stream);
W2W_CU_PTSZ(cuMemcpyDtoHAsync_v2, void *dst, CUdeviceptr src, size_t bytes, CUstream stream);
W2W_CU_PTSZ(cuMemcpyDtoDAsync_v2, CUdeviceptr dst, CUdeviceptr src, size_t bytes, CUstream stream);
W2W_CU_PTSZ(cuMemcpy2DAsync_v2, const CUDA_MEMCPY2D *copy, CUstream stream);
W2W_CU_PTSZ(cuMemcpy3DAsync_v2, const CUDA_MEMCPY3D *copy, CUstream stream);
W2W_CU_PTSZ(cuMemcpy3DPeerAsync, const CUDA_MEMCPY3D_PEER *copy, CUstream stream);
W2W_CU_PTDS(cuMemcpyDtoA_v2, CUarray dst, size_t dst_offset, CUdeviceptr src, size_t bytes);
W2W_CU_PTDS(cuMemcpyAtoD_v2, CUdeviceptr dst, CUarray src, size_t src_offset, size_t bytes);
W2W_CU_PTDS(cuMemcpyHtoA_v2, CUarray dst, size_t dst_offset, const void *src, size_t bytes);
W2W_CU_PTDS(cuMemcpyAtoH_v2, void *dst, CUarray src, size_t src_offset, size_t bytes);
W2W_CU_PTDS(cuMemcpyAtoA_v2, CUarray dst, size_t dst_offset, CUarray src, size_t src_offset,
            size_t bytes);
W2W_CU_PTSZ(cuMemcpyHtoAAsync_v2, CUarray dst, size_t dst_offset, const void *src, size_t bytes,
            CUstream stream);
W2W_CU_PTSZ(cuMemcpyAtoHAsync_v2, void *dst, CUarray src, size_t src_offset, size_t bytes,
            CUstream stream);
W2W_CU_PTDS(cuMemsetD8_v2, CUdeviceptr dst, unsigned char value, size_t count);
W2W_CU_PTDS(cuMemsetD16_v2, CUdeviceptr dst, unsigned short value, size_t count);
W2W_CU_PTDS(cuMemsetD32_v2, CUdeviceptr dst, unsigned int value, size_t count);
W2W_CU_PTDS(cuMemsetD2D8_v2, CUdeviceptr dst, size_t pitch, unsigned char value, size_t width,
            size_t height);
W2W_CU_PTDS(cuMemsetD2D16_v2, CUdeviceptr dst, size_t pitch, unsigned short value, size_t width,
            size_t height);
W2W_CU_PTDS(cuMemsetD2D32_v2, CUdeviceptr dst, size_t pitch, unsigned int value, size_t width,
            size_t height);
W2W_CU_PTSZ(cuMemsetD8Async, CUdeviceptr dst, unsigned char value, size_t count, CUstream stream);
W2W_CU_PTSZ(cuMemsetD16Async, CUdeviceptr dst, unsigned short value, size_t count, CUstream stream);
W2W_CU_PTSZ(cuMemsetD32Async, CUdeviceptr dst, unsigned int value, size_t count, CUstream stream);
W2W_CU_PTSZ(cuMemsetD2D8Async, CUdeviceptr dst, size_t pitch, unsigned char value, size_t width,
            size_t height, CUstream stream);
W2W_CU_PTSZ(cuMemsetD2D16Async, CUdeviceptr dst, size_t pitch, unsigned short value, size_t width,
            size_t height, CUstream stream);
W2W_CU_PTSZ(cuMemsetD2D32Async, CUdeviceptr dst, size_t pitch, unsigned int value, size_t width,
            size_t height, CUstream stream);

// Arrays
W2W_CU cuArrayCreate_v2(CUarray *array, const CUDA_ARRAY_DESCRIPTOR *description);
W2W_CU cuArrayGetDescriptor_v2(CUDA_ARRAY_DESCRIPTOR *description, CUarray array);
W2W_CU cuArray3DCreate_v2(CUarray *array, const CUDA_ARRAY3D_DESCRIPTOR *description);
W2W_CU cuArray3DGetDescriptor_v2(CUDA_ARRAY3D_DESCRIPTOR *description, CUarray array);
W2W_CU cuArrayDestroy(CUarray array);
W2W_CU cuArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *properties, CUarray array);
W2W_CU cuArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *requirements, CUarray array,
                                    CUdevice device);
W2W_CU cuArrayGetPlane(CUarray *plane, CUarray array, unsigned int index);
W2W_CU cuMipmappedArrayCreate(CUmipmappedArray *mips, const CUDA_ARRAY3D_DESCRIPTOR *description,
                              unsigned int levels);
W2W_CU cuMipmappedArrayGetLevel(CUarray *level_array, CUmipmappedArray mips, unsigned int level);
W2W_CU cuMipmappedArrayDestroy(CUmipmappedArray mips);
W2W_CU cuMipmappedArrayGetSparseProperties(CUDA_ARRAY_SPARSE_PROPERTIES *properties,
                                           CUmipmappedArray mips);
W2W_CU cuMipmappedArrayGetMemoryRequirements(CUDA_ARRAY_MEMORY_REQUIREMENTS *requirements,
                                             CUmipmappedArray mips, CUdevice device);

// Texture and surface objects
W2W_CU cuTexObjectCreate(CUtexObject *texture, const CUDA_RESOURCE_DESC *resource,
                         const CUDA_TEXTURE_DESC *sampling, const CUDA_RESOURCE_VIEW_DESC *view);
W2W_CU cuTexObjectDestroy(CUtexObject texture);
W2W_CU cuTexObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUtexObject texture);
W2W_CU cuTexObjectGetTextureDesc(CUDA_TEXTURE_DESC *sampling, CUtexObject texture);
W2W_CU cuTexObjectGetResourceViewDesc(CUDA_RESOURCE_VIEW_DESC *view, CUtexObject texture);
W2W_CU cuSurfObjectCreate(CUsurfObject *surface, const CUDA_RESOURCE_DESC *resource);
W2W_CU cuSurfObjectDestroy(CUsurfObject surface);
W2W_CU cuSurfObjectGetResourceDesc(CUDA_RESOURCE_DESC *resource, CUsurfObject surface);

// Texture and surface references
W2W_CU cuModuleGetTexRef(CUtexref *reference, CUmodule module, const char *name);
W2W_CU cuModuleGetSurfRef(CUsurfref *reference, CUmodule module, const char *name);
W2W_CU cuTexRefCreate(CUtexref *reference);
W2W_CU cuTexRefDestroy(CUtexref reference);
W2W_CU cuTexRefSetArray(CUtexref reference, CUarray array, unsigned int flags);
W2W_CU cuTexRefSetMipmappedArray(CUtexref reference, CUmipmappedArray mips, unsigned int flags);
W2W_CU cuTexRefSetAddress_v2(size_t *offset, CUtexref reference, CUdeviceptr pointer, size_t bytes);
W2W_CU cuTexRefSetAddress2D_v2(CUtexref reference, const CUDA_ARRAY_DESCRIPTOR *description,
                               CUdeviceptr pointer, size_t pitch);
W2W_CU cuTexRefSetAddress2D_v3(CUtexref reference, const CUDA_ARRAY_DESCRIPTOR *description,
                               CUdeviceptr pointer, size_t pitch);
W2W_CU cuTexRefSetFormat(CUtexref reference, CUarray_format format, int channels);
W2W_CU cuTexRefSetAddressMode(CUtexref reference, int dimension, CUaddress_mode mode);
W2W_CU cuTexRefSetFilterMode(CUtexref reference, CUfilter_mode mode);
W2W_CU cuTexRefSetMipmapFilterMode(CUtexref reference, CUfilter_mode mode);
W2W_CU cuTexRefSetMipmapLevelBias(CUtexref reference, float bias);
W2W_CU cuTexRefSetMipmapLevelClamp(CUtexref reference, float least, float most);
W2W_CU cuTexRefSetMaxAnisotropy(CUtexref reference, unsigned int most);
W2W_CU cuTexRefSetBorderColor(CUtexref reference, float *colour);
W2W_CU cuTexRefSetFlags(CUtexref reference, unsigned int flags);
W2W_CU cuTexRefGetAddress_v2(CUdeviceptr *pointer, CUtexref reference);
W2W_CU cuTexRefGetArray(CUarray *array, CUtexref reference);
W2W_CU cuTexRefGetMipmappedArray(CUmipmappedArray *mips, CUtexref reference);
W2W_CU cuTexRefGetFormat(CUarray_format *format, int *channels, CUtexref reference);
W2W_CU cuTexRefGetAddressMode(CUaddress_mode *mode, CUtexref reference, int dimension);
W2W_CU cuTexRefGetFilterMode(CUfilter_mode *mode, CUtexref reference);
W2W_CU cuTexRefGetMipmapFilterMode(CUfilter_mode *mode, CUtexref reference);
W2W_CU cuTexRefGetMipmapLevelBias(float *bias, CUtexref reference);
W2W_CU cuTexRefGetMipmapLevelClamp(float *least, float *most, CUtexref reference);
W2W_CU cuTexRefGetMaxAnisotropy(int *most, CUtexref reference);
W2W_CU cuTexRefGetBorderColor(float *colour, CUtexref reference);
W2W_CU cuTexRefGetFlags(unsigned int *flags, CUtexref reference);
W2W_CU cuSurfRefSetArray(CUsurfref reference, CUarray array, unsigned int flags);
W2W_CU cuSurfRefGetArray(CUarray *array, CUsurfref reference);

// Stream-ordered allocation
W2W_CU_PTSZ(cuMemAllocAsync, CUdeviceptr *dptr, size_t bytes, CUstream stream);
W2W_CU_PTSZ(cuMemAllocFromPoolAsync, CUdeviceptr *dptr, size_t bytes, CUmemoryPool pool,
            CUstream stream);
W2W_CU_PTSZ(cuMemFreeAsync, CUdeviceptr dptr, CUstream stream);
W2W_CU cuMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *props);
W2W_CU cuMemPoolDestroy(CUmemoryPool pool);
W2W_CU cuMemPoolTrimTo(CUmemoryPool pool, size_t keep);
W2W_CU cuMemPoolSetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value);
W2W_CU cuMemPoolGetAttribute(CUmemoryPool pool, CUmemPool_attribute attr, void *value);
W2W_CU cuMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *map, size_t count);
W2W_CU cuMemPoolGetAccess(CUmemAccess_flags *flags, CUmemoryPool pool, CUmemLocation *location);

// Unified addressing
W2W_CU cuPointerGetAttribute(void *data, CUpointer_attribute attribute, CUdeviceptr ptr);
W2W_CU cuPointerGetAttributes(unsigned int count, CUpointer_attribute *attributes, void **data,
                              CUdeviceptr ptr);
W2W_CU cuPointerSetAttribute(const void *value, CUpointer_attribute attribute, CUdeviceptr ptr);
W2W_CU_PTSZ(cuMemPrefetchAsync, CUdeviceptr dptr, size_t count, CUdevice dst, CUstream stream);
W2W_CU_PTSZ(cuMemPrefetchAsync_v2, CUdeviceptr dptr, size_t count, CUmemLocation location,
            unsigned int flags, CUstream stream);
W2W_CU cuMemAdvise(CUdeviceptr dptr, size_t count, CUmem_advise advice, CUdevice device);
W2W_CU cuMemAdvise_v2(CUdeviceptr dptr, size_t count, CUmem_advise advice, CUmemLocation location);
W2W_CU cuMemRangeGetAttribute(void *data, size_t size, CUmem_range_attribute attribute,
                              CUdeviceptr dptr, size_t count);
W2W_CU cuMemRangeGetAttributes(void **data, size_t *sizes, CUmem_range_attribute *attributes,
                               size_t count, CUdeviceptr dptr, size_t bytes);

// Streams
W2W_CU cuStreamCreate(CUstream *stream, unsigned int flags);
W2W_CU cuStreamCreateWithPriority(CUstream *stream, unsigned int flags, int priority);
W2W_CU cuStreamDestroy(CUstream stream);
W2W_CU cuStreamDestroy_v2(CUstream stream);
W2W_CU_PTSZ(cuStreamGetPriority, CUstream stream, int *priority);
W2W_CU_PTSZ(cuStreamGetFlags, CUstream stream, unsigned int *flags);
W2W_CU_PTSZ(cuStreamGetId, CUstream stream, unsigned long long *id);
W2W_CU_PTSZ(cuStreamGetDevice, CUstream stream, CUdevice *device);
W2W_CU_PTSZ(cuStreamGetCtx, CUstream stream, CUcontext *ctx);
W2W_CU_PTSZ(cuStreamGetCtx_v2, CUstream stream, CUcontext *ctx, CUgreenCtx *green);
W2W_CU_PTSZ(cuStreamWaitEvent, CUstream stream, CUevent event, unsigned int flags);
W2W_CU_PTSZ(cuStreamAddCallback, CUstream stream, CUstreamCallback callback, void *user_data,
            unsigned int flags);
W2W_CU_PTSZ(cuStreamAttachMemAsync, CUstream stream, CUdeviceptr dptr, size_t length,
            unsigned int flags);
W2W_CU_PTSZ(cuStreamQuery, CUstream stream);
W2W_CU_PTSZ(cuStreamSynchronize, CUstream stream);
W2W_CU_PTSZ(cuStreamCopyAttributes, CUstream dst, CUstream src);
W2W_CU_PTSZ(cuStreamGetAttribute, CUstream stream, CUstreamAttrID attr, CUstreamAttrValue *value);
W2W_CU_PTSZ(cuStreamSetAttribute, CUstream stream, CUstreamAttrID attr,
            const CUstreamAttrValue *value);
W2W_CU_PTSZ(cuStreamIsCapturing, CUstream stream, CUstreamCaptureStatus *status);
W2W_CU_PTSZ(cuStreamGetCaptureInfo, CUstream stream, CUstreamCaptureStatus *status, cuuint64_t *id);
W2W_CU_PTSZ(cuStreamGetCaptureInfo_v2, CUstream stream, CUstreamCaptureStatus *status,
            cuuint64_t *id, CUgraph *graph, const CUgraphNode **dependencies, size_t *count);
W2W_CU_PTSZ(cuStreamGetCaptureInfo_v3, CUstream stream, CUstreamCaptureStatus *status,
            cuuint64_t *id, CUgraph *graph, const CUgraphNode **dependencies,
            const CUgraphEdgeData **edges, size_t *count);
W2W_CU_PTSZ(cuStreamBeginCapture, CUstream stream);
W2W_CU_PTSZ(cuStreamBeginCapture_v2, CUstream stream, CUstreamCaptureMode mode);
W2W_CU_PTSZ(cuStreamBeginCaptureToGraph, CUstream stream, CUgraph graph,
            const CUgraphNode *dependencies, const CUgraphEdgeData *edges, size_t count,
            CUstreamCaptureMode mode);
W2W_CU_PTSZ(cuStreamEndCapture, CUstream stream, CUgraph *graph);
W2W_CU_PTSZ(cuStreamUpdateCaptureDependencies, CUstream stream, CUgraphNode *dependencies,
            size_t count, unsigned int flags);
W2W_CU_PTSZ(cuStreamUpdateCaptureDependencies_v2, CUstream stream, CUgraphNode *dependencies,
            const CUgraphEdgeData *edges, size_t count, unsigned int flags);
W2W_CU cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *mode);

// Events
W2W_CU cuEventCreate(CUevent *event, unsigned int flags);
W2W_CU cuEventDestroy(CUevent event);
W2W_CU cuEventDestroy_v2(CUevent event);
W2W_CU_PTSZ(cuEventRecord, CUevent event, CUstream stream);
W2W_CU_PTSZ(cuEventRecordWithFlags, CUevent event, CUstream stream, unsigned int flags);
W2W_CU cuEventQuery(CUevent event);
W2W_CU cuEventSynchronize(CUevent event);
W2W_CU cuEventElapsedTime(float *ms, CUevent start, CUevent end);
W2W_CU cuEventElapsedTime_v2(float *ms, CUevent start, CUevent end);

// Execution control, occupancy, profiler
W2W_CU cuFuncGetAttribute(int *value, CUfunction_attribute attrib, CUfunction function);
W2W_CU cuFuncSetAttribute(CUfunction function, CUfunction_attribute attrib, int value);
W2W_CU cuFuncSetCacheConfig(CUfunction function, CUfunc_cache config);
W2W_CU cuFuncSetSharedMemConfig(CUfunction function, CUsharedconfig config);
W2W_CU cuFuncGetModule(CUmodule *module, CUfunction function);
W2W_CU cuFuncGetName(const char **name, CUfunction function);
W2W_CU cuFuncGetParamInfo(CUfunction function, size_t index, size_t *offset, size_t *size);
W2W_CU cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction function);
W2W_CU cuFuncLoad(CUfunction function);
W2W_CU_PTSZ(cuLaunchKernel, CUfunction function, unsigned int grid_x, unsigned int grid_y,
            unsigned int grid_z, unsigned int block_x, unsigned int block_y, unsigned int block_z,
            unsigned int shared_bytes, CUstream stream, void **params, void **extra);
W2W_CU_PTSZ(cuLaunchKernelEx, const CUlaunchConfig *config, CUfunction function, void **params,
            void **extra);
W2W_CU_PTSZ(cuLaunchCooperativeKernel, CUfunction function, unsigned int grid_x,
            unsigned int grid_y, unsigned int grid_z, unsigned int block_x, unsigned int block_y,
            unsigned int block_z, unsigned int shared_bytes, CUstream stream, void **params);
W2W_CU_PTSZ(cuLaunchHostFunc, CUstream stream, CUhostFn fn, void *user_data);
W2W_CU cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, CUfunction function, int block_size,
                                                   size_t dynamic_shared);
W2W_CU cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks, CUfunction function,
                                                            int block_size, size_t dynamic_shared,
                                                            unsigned int flags);
W2W_CU cuOccupancyMaxPotentialBlockSize(int *min_grid, int *block_size, CUfunction function,
                                        CUoccupancyB2DSize block_to_shared, size_t dynamic_shared,
                                        int block_limit);
W2W_CU cuOccupancyMaxPotentialBlockSizeWithFlags(int *min_grid, int *block_size,
                                                 CUfunction function,
                                                 CUoccupancyB2DSize block_to_shared,
                                                 size_t dynamic_shared, int block_limit,
                                                 unsigned int flags);
W2W_CU cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes, CUfunction function, int blocks,
                                               int block_size);
W2W_CU cuProfilerStart(void);
W2W_CU cuProfilerStop(void);

// Graphs
#define W2W_CU_ADD(name, ...)                                                                      \
  W2W_CU name(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies, size_t count,     \
              ##__VA_ARGS__)
W2W_CU cuGraphCreate(CUgraph *graph, unsigned int flags);
W2W_CU cuGraphDestroy(CUgraph graph);
W2W_CU cuGraphClone(CUgraph *clone, CUgraph graph);
W2W_CU cuGraphDebugDotPrint(CUgraph graph, const char *path, unsigned int flags);
W2W_CU_ADD(cuGraphAddKernelNode, const CUDA_KERNEL_NODE_PARAMS_v1 *params);
W2W_CU_ADD(cuGraphAddKernelNode_v2, const CUDA_KERNEL_NODE_PARAMS *params);
W2W_CU_ADD(cuGraphAddMemcpyNode, const CUDA_MEMCPY3D *copy, CUcontext ctx);
W2W_CU_ADD(cuGraphAddMemsetNode, const CUDA_MEMSET_NODE_PARAMS *params, CUcontext ctx);
W2W_CU_ADD(cuGraphAddHostNode, const CUDA_HOST_NODE_PARAMS *params);
W2W_CU_ADD(cuGraphAddChildGraphNode, CUgraph child);
W2W_CU_ADD(cuGraphAddEmptyNode);
W2W_CU_ADD(cuGraphAddEventRecordNode, CUevent event);
W2W_CU_ADD(cuGraphAddEventWaitNode, CUevent event);
W2W_CU_ADD(cuGraphAddMemAllocNode, CUDA_MEM_ALLOC_NODE_PARAMS *params);
W2W_CU_ADD(cuGraphAddMemFreeNode, CUdeviceptr dptr);
W2W_CU_ADD(cuGraphAddNode, CUgraphNodeParams *params);
W2W_CU cuGraphAddNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *dependencies,
                         const CUgraphEdgeData *edges, size_t count, CUgraphNodeParams *params);
W2W_CU cuGraphKernelNodeGetParams(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS_v1 *params);
W2W_CU cuGraphKernelNodeGetParams_v2(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *params);
W2W_CU cuGraphKernelNodeSetParams(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS_v1 *params);
W2W_CU cuGraphKernelNodeSetParams_v2(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *params);
W2W_CU cuGraphKernelNodeCopyAttributes(CUgraphNode dst, CUgraphNode src);
W2W_CU cuGraphKernelNodeGetAttribute(CUgraphNode node, CUkernelNodeAttrID attr,
                                     CUkernelNodeAttrValue *value);
W2W_CU cuGraphKernelNodeSetAttribute(CUgraphNode node, CUkernelNodeAttrID attr,
                                     const CUkernelNodeAttrValue *value);
W2W_CU cuGraphMemcpyNodeGetParams(CUgraphNode node, CUDA_MEMCPY3D *copy);
W2W_CU cuGraphMemcpyNodeSetParams(CUgraphNode node, const CUDA_MEMCPY3D *copy);
W2W_CU cuGraphMemsetNodeGetParams(CUgraphNode node, CUDA_MEMSET_NODE_PARAMS *params);
W2W_CU cuGraphMemsetNodeSetParams(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *params);
W2W_CU cuGraphHostNodeGetParams(CUgraphNode node, CUDA_HOST_NODE_PARAMS *params);
W2W_CU cuGraphHostNodeSetParams(CUgraphNode node, const CUDA_HOST_NODE_PARAMS *params);
W2W_CU cuGraphChildGraphNodeGetGraph(CUgraphNode node, CUgraph *graph);
W2W_CU cuGraphEventRecordNodeGetEvent(CUgraphNode node, CUevent *event);
W2W_CU cuGraphEventRecordNodeSetEvent(CUgraphNode node, CUevent event);
W2W_CU cuGraphEventWaitNodeGetEvent(CUgraphNode node, CUevent *event);
W2W_CU cuGraphEventWaitNodeSetEvent(CUgraphNode node, CUevent event);
W2W_CU cuGraphMemAllocNodeGetParams(CUgraphNode node, CUDA_MEM_ALLOC_NODE_PARAMS *params);
W2W_CU cuGraphMemFreeNodeGetParams(CUgraphNode node, CUdeviceptr *dptr);
W2W_CU cuGraphNodeSetParams(CUgraphNode node, CUgraphNodeParams *params);
W2W_CU cuGraphNodeGetType(CUgraphNode node, CUgraphNodeType *type);
W2W_CU cuGraphNodeFindInClone(CUgraphNode *found, CUgraphNode original, CUgraph clone);
W2W_CU cuGraphNodeGetDependencies(CUgraphNode node, CUgraphNode *dependencies, size_t *count);
W2W_CU cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *dependencies,
                                     CUgraphEdgeData *edges, size_t *count);
W2W_CU cuGraphNodeGetDependentNodes(CUgraphNode node, CUgraphNode *dependents, size_t *count);
W2W_CU cuGraphNodeGetDependentNodes_v2(CUgraphNode node, CUgraphNode *dependents,
                                       CUgraphEdgeData *edges, size_t *count);
W2W_CU cuGraphDestroyNode(CUgraphNode node);
W2W_CU cuGraphGetNodes(CUgraph graph, CUgraphNode *nodes, size_t *count);
W2W_CU cuGraphGetRootNodes(CUgraph graph, CUgraphNode *nodes, size_t *count);
W2W_CU cuGraphGetEdges(CUgraph graph, CUgraphNode *from, CUgraphNode *to, size_t *count);
W2W_CU cuGraphGetEdges_v2(CUgraph graph, CUgraphNode *from, CUgraphNode *to, CUgraphEdgeData *edges,
                          size_t *count);
W2W_CU cuGraphAddDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                              size_t count);
W2W_CU cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                 const CUgraphEdgeData *edges, size_t count);
W2W_CU cuGraphRemoveDependencies(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                 size_t count);
W2W_CU cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from, const CUgraphNode *to,
                                    const CUgraphEdgeData *edges, size_t count);
W2W_CU cuUserObjectCreate(CUuserObject *object, void *pointer, CUhostFn destroy,
                          unsigned int references, unsigned int flags);
W2W_CU cuUserObjectRetain(CUuserObject object, unsigned int count);
W2W_CU cuUserObjectRelease(CUuserObject object, unsigned int count);
W2W_CU cuGraphRetainUserObject(CUgraph graph, CUuserObject object, unsigned int count,
                               unsigned int flags);
W2W_CU cuGraphReleaseUserObject(CUgraph graph, CUuserObject object, unsigned int count);
W2W_CU cuDeviceGetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void *value);
W2W_CU cuDeviceSetGraphMemAttribute(CUdevice device, CUgraphMem_attribute attr, void *value);
W2W_CU cuDeviceGraphMemTrim(CUdevice device);

// Executable graphs
W2W_CU cuGraphInstantiate(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node, char *log,
                          size_t bytes);
W2W_CU cuGraphInstantiate_v2(CUgraphExec *exec, CUgraph graph, CUgraphNode *error_node, char *log,
                             size_t bytes);
W2W_CU cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph graph, unsigned long long flags);
W2W_CU_PTSZ(cuGraphInstantiateWithParams, CUgraphExec *exec, CUgraph graph,
            CUDA_GRAPH_INSTANTIATE_PARAMS *params);
W2W_CU_PTSZ(cuGraphLaunch, CUgraphExec exec, CUstream stream);
W2W_CU_PTSZ(cuGraphUpload, CUgraphExec exec, CUstream stream);
W2W_CU cuGraphExecDestroy(CUgraphExec exec);
W2W_CU cuGraphExecGetFlags(CUgraphExec exec, cuuint64_t *flags);
W2W_CU cuGraphExecUpdate(CUgraphExec exec, CUgraph graph, CUgraphNode *error_node,
                         CUgraphExecUpdateResult *update_result);
W2W_CU cuGraphExecUpdate_v2(CUgraphExec exec, CUgraph graph, CUgraphExecUpdateResultInfo *info);
W2W_CU cuGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                      const CUDA_KERNEL_NODE_PARAMS_v1 *params);
W2W_CU cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                         const CUDA_KERNEL_NODE_PARAMS *params);
W2W_CU cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node, const CUDA_MEMCPY3D *copy,
                                      CUcontext ctx);
W2W_CU cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                      const CUDA_MEMSET_NODE_PARAMS *params, CUcontext ctx);
W2W_CU cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                    const CUDA_HOST_NODE_PARAMS *params);
W2W_CU cuGraphExecChildGraphNodeSetParams(CUgraphExec exec, CUgraphNode node, CUgraph child);
W2W_CU cuGraphExecEventRecordNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event);
W2W_CU cuGraphExecEventWaitNodeSetEvent(CUgraphExec exec, CUgraphNode node, CUevent event);
W2W_CU cuGraphExecNodeSetParams(CUgraphExec exec, CUgraphNode node, CUgraphNodeParams *params);
W2W_CU cuGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode node, unsigned int enabled);
W2W_CU cuGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode node, unsigned int *enabled);
