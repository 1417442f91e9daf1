// What a Vulkan driver compiles compute shaders to: compile_pipelines FILE.spv...
//
// Makes a device of the first GPU that the driver names, a pipeline of each file, and prints what the driver says of it
// through VK_KHR_pipeline_executable_properties, one fact a line: a word for what it is, then its text. Allocates no
// device memory and submits nothing, so a driver that only pretends to have a GPU will do. Exit code 1 where a call
// fails.
//
// Devices and pipelines are as Dawn makes them (dawn/src/dawn/native/vulkan), where the driver has these features: the
// Vulkan memory model; robustBufferAccess2, which stands in for the bounds checks that Dawn would otherwise write into
// the shader; twice the smallest size of a subgroup.
#include <vulkan/vulkan.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <vector>

namespace {

/// The uniform of a pass and its storage buffers: bindings of src/gpu/passes.ts. One that a shader lacks costs nothing.
constexpr uint32_t storage_buffers = 4;

void check(VkResult result, const char* what) {
  if (result == VK_SUCCESS) return;
  std::fprintf(stderr, "%s failed with VkResult %d.\n", what, result);
  std::exit(1);
}

template <typename Function>
Function load(VkDevice device, const char* name) {
  const auto function = reinterpret_cast<Function>(vkGetDeviceProcAddr(device, name));
  if (function != nullptr) return function;
  std::fprintf(stderr, "The driver has no %s.\n", name);
  std::exit(1);
}

std::vector<uint32_t> words_of(const char* path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.empty() || bytes.size() % sizeof(uint32_t) != 0) {
    std::fprintf(stderr, "Expected SPIR-V in %s.\n", path);
    std::exit(1);
  }
  const auto* first = reinterpret_cast<const uint32_t*>(bytes.data());
  return {first, first + bytes.size() / sizeof(uint32_t)};
}

VkPhysicalDevice first_gpu() {
  VkApplicationInfo application{VK_STRUCTURE_TYPE_APPLICATION_INFO};
  application.apiVersion = VK_API_VERSION_1_3;
  VkInstanceCreateInfo info{VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
  info.pApplicationInfo = &application;
  VkInstance instance;
  check(vkCreateInstance(&info, nullptr, &instance), "vkCreateInstance");
  uint32_t count = 1;
  VkPhysicalDevice gpu = VK_NULL_HANDLE;
  const VkResult result = vkEnumeratePhysicalDevices(instance, &count, &gpu);
  if (result != VK_INCOMPLETE) check(result, "vkEnumeratePhysicalDevices");
  if (count == 0) {
    std::fprintf(stderr, "The driver names no GPU.\n");
    std::exit(1);
  }
  VkPhysicalDeviceDriverProperties driver{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &driver};
  vkGetPhysicalDeviceProperties2(gpu, &properties);
  std::printf("device %s\ndriver %s\n", properties.properties.deviceName, driver.driverInfo);
  return gpu;
}

VkDevice open(VkPhysicalDevice gpu) {
  VkPhysicalDevicePipelineExecutablePropertiesFeaturesKHR executables{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PIPELINE_EXECUTABLE_PROPERTIES_FEATURES_KHR};
  executables.pipelineExecutableInfo = VK_TRUE;
  VkPhysicalDeviceRobustness2FeaturesEXT robustness{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ROBUSTNESS_2_FEATURES_EXT,
                                                    &executables};
  robustness.robustBufferAccess2 = VK_TRUE;
  VkPhysicalDeviceVulkan13Features vulkan13{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_3_FEATURES, &robustness};
  vulkan13.subgroupSizeControl = VK_TRUE;
  VkPhysicalDeviceVulkan12Features vulkan12{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES, &vulkan13};
  vulkan12.vulkanMemoryModel = VK_TRUE;
  vulkan12.vulkanMemoryModelDeviceScope = VK_TRUE;
  VkPhysicalDeviceFeatures2 features{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2, &vulkan12};
  features.features.robustBufferAccess = VK_TRUE;

  const float priority = 1;
  VkDeviceQueueCreateInfo queue{VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO};
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  const char* extensions[] = {VK_KHR_PIPELINE_EXECUTABLE_PROPERTIES_EXTENSION_NAME, VK_EXT_ROBUSTNESS_2_EXTENSION_NAME};
  VkDeviceCreateInfo info{VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features};
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = std::size(extensions);
  info.ppEnabledExtensionNames = extensions;
  VkDevice device;
  check(vkCreateDevice(gpu, &info, nullptr, &device), "vkCreateDevice");
  return device;
}

VkPipelineLayout layout_of_passes(VkDevice device) {
  std::vector<VkDescriptorSetLayoutBinding> bindings;
  for (uint32_t binding = 0; binding <= storage_buffers; binding++) {
    const auto type = binding == 0 ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER;
    bindings.push_back({binding, type, 1, VK_SHADER_STAGE_COMPUTE_BIT, nullptr});
  }
  VkDescriptorSetLayoutCreateInfo set_info{VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO};
  set_info.bindingCount = bindings.size();
  set_info.pBindings = bindings.data();
  VkDescriptorSetLayout set;
  check(vkCreateDescriptorSetLayout(device, &set_info, nullptr, &set), "vkCreateDescriptorSetLayout");
  VkPipelineLayoutCreateInfo info{VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO};
  info.setLayoutCount = 1;
  info.pSetLayouts = &set;
  VkPipelineLayout layout;
  check(vkCreatePipelineLayout(device, &info, nullptr, &layout), "vkCreatePipelineLayout");
  return layout;
}

/// What PhysicalDevice::FindDefaultComputeSubgroupSize of Dawn chooses; 0 where the driver has one size only.
uint32_t subgroup_size(VkPhysicalDevice gpu) {
  VkPhysicalDeviceSubgroupSizeControlProperties sizes{
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES};
  VkPhysicalDeviceProperties2 properties{VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2, &sizes};
  vkGetPhysicalDeviceProperties2(gpu, &properties);
  return sizes.minSubgroupSize == sizes.maxSubgroupSize ? 0 : 2 * sizes.minSubgroupSize;
}

VkPipeline compile(VkDevice device, VkPipelineLayout layout, uint32_t required_size, const char* path) {
  const std::vector<uint32_t> words = words_of(path);
  VkShaderModuleCreateInfo module_info{VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO};
  module_info.codeSize = words.size() * sizeof(uint32_t);
  module_info.pCode = words.data();
  VkComputePipelineCreateInfo info{VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO};
  info.flags =
      VK_PIPELINE_CREATE_CAPTURE_STATISTICS_BIT_KHR | VK_PIPELINE_CREATE_CAPTURE_INTERNAL_REPRESENTATIONS_BIT_KHR;
  info.layout = layout;
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.pName = "dawn_entry_point";
  VkPipelineShaderStageRequiredSubgroupSizeCreateInfo size{
      VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO, nullptr, required_size};
  if (required_size != 0) info.stage.pNext = &size;
  check(vkCreateShaderModule(device, &module_info, nullptr, &info.stage.module), "vkCreateShaderModule");
  VkPipeline pipeline;
  check(vkCreateComputePipelines(device, VK_NULL_HANDLE, 1, &info, nullptr, &pipeline), "vkCreateComputePipelines");
  return pipeline;
}

void print_statistics(VkDevice device, const VkPipelineExecutableInfoKHR& executable) {
  const auto get = load<PFN_vkGetPipelineExecutableStatisticsKHR>(device, "vkGetPipelineExecutableStatisticsKHR");
  uint32_t count = 0;
  check(get(device, &executable, &count, nullptr), "vkGetPipelineExecutableStatisticsKHR");
  std::vector<VkPipelineExecutableStatisticKHR> statistics(count,
                                                           {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_STATISTIC_KHR});
  check(get(device, &executable, &count, statistics.data()), "vkGetPipelineExecutableStatisticsKHR");
  for (const auto& [type, next, name, description, format, value] : statistics) {
    if (format == VK_PIPELINE_EXECUTABLE_STATISTIC_FORMAT_FLOAT64_KHR) {
      std::printf("statistic %s=%g\n", name, value.f64);
    } else {
      std::printf("statistic %s=%llu\n", name, static_cast<unsigned long long>(value.u64));
    }
  }
}

/// The last of a driver's representations: the instructions. Those before it are its intermediate languages.
void print_instructions(VkDevice device, const VkPipelineExecutableInfoKHR& executable) {
  const char* name = "vkGetPipelineExecutableInternalRepresentationsKHR";
  const auto get = load<PFN_vkGetPipelineExecutableInternalRepresentationsKHR>(device, name);
  uint32_t count = 0;
  check(get(device, &executable, &count, nullptr), name);
  std::vector<VkPipelineExecutableInternalRepresentationKHR> texts(
      count, {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INTERNAL_REPRESENTATION_KHR});
  check(get(device, &executable, &count, texts.data()), name);  // their sizes
  std::vector<std::string> storage;
  for (auto& text : texts) text.pData = storage.emplace_back(text.dataSize, '\0').data();
  check(get(device, &executable, &count, texts.data()), name);
  if (texts.empty()) return;
  std::printf("language %s\n", texts.back().name);
  std::istringstream lines(std::string(storage.back().c_str()));
  for (std::string line; std::getline(lines, line);) std::printf("instruction %s\n", line.c_str());
}

void print_executables(VkDevice device, VkPipeline pipeline) {
  const auto get = load<PFN_vkGetPipelineExecutablePropertiesKHR>(device, "vkGetPipelineExecutablePropertiesKHR");
  VkPipelineInfoKHR info{VK_STRUCTURE_TYPE_PIPELINE_INFO_KHR, nullptr, pipeline};
  uint32_t count = 0;
  check(get(device, &info, &count, nullptr), "vkGetPipelineExecutablePropertiesKHR");
  std::vector<VkPipelineExecutablePropertiesKHR> properties(count,
                                                            {VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_PROPERTIES_KHR});
  check(get(device, &info, &count, properties.data()), "vkGetPipelineExecutablePropertiesKHR");
  for (uint32_t index = 0; index < count; index++) {
    std::printf("executable %s\nstatistic Subgroup size=%u\n", properties[index].name, properties[index].subgroupSize);
    const VkPipelineExecutableInfoKHR executable{VK_STRUCTURE_TYPE_PIPELINE_EXECUTABLE_INFO_KHR, nullptr, pipeline,
                                                 index};
    print_statistics(device, executable);
    print_instructions(device, executable);
  }
}

}  // namespace

int main(int argument_count, char** arguments) {
  const VkPhysicalDevice gpu = first_gpu();
  const VkDevice device = open(gpu);
  const VkPipelineLayout layout = layout_of_passes(device);
  for (int index = 1; index < argument_count; index++) {
    std::printf("pipeline %s\n", arguments[index]);
    print_executables(device, compile(device, layout, subgroup_size(gpu), arguments[index]));
  }
}
