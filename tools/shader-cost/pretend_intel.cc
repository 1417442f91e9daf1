// An Intel Arc A770 that is not there, for Mesa's driver: a library to be named in LD_PRELOAD. It answers what the
// driver asks of libdrm and of the kernel (i915) until a device is open and a pipeline is compiled; nothing can be
// executed.
//
// Memory of the device is a file in memory, as large as the addresses handed out, so that the driver can map it.
#include <dlfcn.h>
#include <fcntl.h>
#include <libdrm/drm.h>
#include <libdrm/i915_drm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstring>
#include <map>

namespace {

/// A file that exists everywhere and that nothing else opens for reading and writing here.
char node[] = "/dev/null";
constexpr uint16_t arc_a770 = 0x56a0;
constexpr uint16_t vendor_intel = 0x8086;
/// Of the A770: 32 Xe-cores of 16 vector engines.
constexpr int cores = 32;
constexpr int engines_of_core = 16;
constexpr uint64_t memory_bytes = uint64_t{16} << 30;
constexpr uint64_t page_bytes = uint64_t{1} << 21;

uint64_t used_bytes = page_bytes;
std::map<uint32_t, uint64_t> offsets;  // of buffers in the file, by handle

uint32_t allocate(uint64_t bytes) {
  const uint32_t handle = offsets.size() + 1;
  offsets[handle] = used_bytes;
  used_bytes += (bytes + page_bytes - 1) / page_bytes * page_bytes;
  return handle;
}

/// A bit for each core, then one for each engine of each core.
void write_topology(drm_i915_query_topology_info* topology) {
  topology->max_slices = 1;
  topology->max_subslices = cores;
  topology->max_eus_per_subslice = engines_of_core;
  topology->subslice_offset = 1;
  topology->subslice_stride = cores / 8;
  topology->eu_offset = 1 + cores / 8;
  topology->eu_stride = engines_of_core / 8;
  topology->data[0] = 1;
  std::memset(topology->data + 1, 0xff, cores / 8 + cores * engines_of_core / 8);
}

void write_regions(drm_i915_query_memory_regions* memory) {
  memory->num_regions = 2;
  const uint16_t classes[] = {I915_MEMORY_CLASS_SYSTEM, I915_MEMORY_CLASS_DEVICE};
  for (int index = 0; index < 2; index++) {
    drm_i915_memory_region_info& region = memory->regions[index];
    region.region.memory_class = classes[index];
    region.probed_size = region.unallocated_size = memory_bytes;
    region.probed_cpu_visible_size = region.unallocated_cpu_visible_size = memory_bytes;
  }
}

/// One engine, which renders: its class is 0.
void write_engines(drm_i915_query_engine_info* engines) { engines->num_engines = 1; }

/// A query without room asks for the length of the answer.
template <typename Answer>
void answer(drm_i915_query_item& item, size_t length, void (*write)(Answer*)) {
  if (item.length != 0) {
    auto* data = reinterpret_cast<Answer*>(item.data_ptr);
    std::memset(data, 0, length);
    write(data);
  }
  item.length = length;
}

void query(const drm_i915_query& request) {
  auto* items = reinterpret_cast<drm_i915_query_item*>(request.items_ptr);
  for (drm_i915_query_item* item = items; item != items + request.num_items; item++) {
    switch (item->query_id) {
      case DRM_I915_QUERY_TOPOLOGY_INFO:
      case DRM_I915_QUERY_GEOMETRY_SUBSLICES:
        answer(*item, sizeof(drm_i915_query_topology_info) + 1 + cores / 8 + cores * engines_of_core / 8,
               write_topology);
        break;
      case DRM_I915_QUERY_MEMORY_REGIONS:
        answer(*item, sizeof(drm_i915_query_memory_regions) + 2 * sizeof(drm_i915_memory_region_info), write_regions);
        break;
      case DRM_I915_QUERY_ENGINE_INFO:
        answer(*item, sizeof(drm_i915_query_engine_info) + sizeof(drm_i915_engine_info), write_engines);
        break;
      default:
        item->length = -EINVAL;
    }
  }
}

int parameter(int name) {
  switch (name) {
    case I915_PARAM_CHIPSET_ID:
      return arc_a770;
    case I915_PARAM_CS_TIMESTAMP_FREQUENCY:
      return 19'200'000;  // hertz; any will do
    case I915_PARAM_MMAP_GTT_VERSION:
      return 4;  // the first with DRM_IOCTL_I915_GEM_MMAP_OFFSET
    default:
      return 1;  // there is such a feature
  }
}

}  // namespace

extern "C" {

int drmGetDevice2(int, uint32_t, drmDevicePtr* device) {
  static drmPciBusInfo bus{};
  static drmPciDeviceInfo info{vendor_intel, arc_a770, 0, 0, 0};
  static char* nodes[DRM_NODE_MAX] = {node, node, node};
  static drmDevice only{};
  only.nodes = nodes;
  only.available_nodes = 1 << DRM_NODE_PRIMARY | 1 << DRM_NODE_RENDER;
  only.bustype = DRM_BUS_PCI;
  only.businfo.pci = &bus;
  only.deviceinfo.pci = &info;
  *device = &only;
  return 0;
}

int drmGetDevices2(uint32_t flags, drmDevicePtr devices[], int room) {
  if (devices != nullptr && room > 0) drmGetDevice2(0, flags, devices);
  return 1;
}

void drmFreeDevice(drmDevicePtr*) {}
void drmFreeDevices(drmDevicePtr[], int) {}

drmVersionPtr drmGetVersion(int) {
  static char name[] = "i915";
  static drmVersion version{1, 6, 0, 4, name, 0, name, 0, name};
  return &version;
}

void drmFreeVersion(drmVersionPtr) {}

int drmGetCap(int, uint64_t, uint64_t* value) {
  *value = 1;
  return 0;
}

int drmSyncobjCreate(int, uint32_t, uint32_t* handle) {
  static uint32_t created = 0;
  *handle = ++created;
  return 0;
}

int drmSyncobjDestroy(int, uint32_t) { return 0; }
int drmSyncobjReset(int, const uint32_t*, uint32_t) { return 0; }
int drmSyncobjSignal(int, const uint32_t*, uint32_t) { return 0; }
int drmSyncobjWait(int, uint32_t*, unsigned, int64_t, unsigned, uint32_t*) { return 0; }
int drmSyncobjTimelineWait(int, uint32_t*, uint64_t*, unsigned, int64_t, unsigned, uint32_t*) { return 0; }

/// What is not named has no answer that the driver reads.
int drmIoctl(int, unsigned long request, void* argument) {
  static uint32_t created = 0;
  switch (request) {
    case DRM_IOCTL_I915_GETPARAM: {
      auto* question = static_cast<drm_i915_getparam_t*>(argument);
      *question->value = parameter(question->param);
      break;
    }
    case DRM_IOCTL_I915_QUERY:
      query(*static_cast<drm_i915_query*>(argument));
      break;
    case DRM_IOCTL_I915_GEM_CREATE_EXT: {
      auto* buffer = static_cast<drm_i915_gem_create_ext*>(argument);
      buffer->handle = allocate(buffer->size);
      break;
    }
    case DRM_IOCTL_I915_GEM_USERPTR:
      static_cast<drm_i915_gem_userptr*>(argument)->handle = allocate(0);
      break;
    case DRM_IOCTL_I915_GEM_MMAP_OFFSET: {
      auto* map = static_cast<drm_i915_gem_mmap_offset*>(argument);
      map->offset = offsets[map->handle];
      break;
    }
    case DRM_IOCTL_I915_GEM_CONTEXT_CREATE_EXT:
      static_cast<drm_i915_gem_context_create_ext*>(argument)->ctx_id = ++created;
      break;
    case DRM_IOCTL_I915_GEM_VM_CREATE:
      static_cast<drm_i915_gem_vm_control*>(argument)->vm_id = ++created;
      break;
    case DRM_IOCTL_I915_GEM_CONTEXT_GETPARAM: {
      auto* question = static_cast<drm_i915_gem_context_param*>(argument);
      question->value = question->param == I915_CONTEXT_PARAM_GTT_SIZE ? uint64_t{1} << 48 : 1;
      break;
    }
  }
  return 0;
}

int ioctl(int file, unsigned long request, ...) noexcept {
  va_list rest;
  va_start(rest, request);
  void* argument = va_arg(rest, void*);
  va_end(rest);
  if (_IOC_TYPE(request) == DRM_IOCTL_BASE) return drmIoctl(file, request, argument);
  static const auto real = reinterpret_cast<int (*)(int, unsigned long, ...)>(dlsym(RTLD_NEXT, "ioctl"));
  return real(file, request, argument);
}

int open64(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = va_arg(rest, int);
  va_end(rest);
  if (std::strcmp(path, node) == 0 && (flags & O_ACCMODE) == O_RDWR) {
    const int file = memfd_create("memory of a GPU", MFD_CLOEXEC);
    return ftruncate(file, memory_bytes) == 0 ? file : -1;
  }
  static const auto real = reinterpret_cast<int (*)(const char*, int, ...)>(dlsym(RTLD_NEXT, "open64"));
  return real(path, flags, mode);
}

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const int mode = va_arg(rest, int);
  va_end(rest);
  return open64(path, flags, mode);
}
}
