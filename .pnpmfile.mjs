// node-llama-cpp's binaries for ARM also declare x64 (for cross builds); without this every x64 install carries 33 MB of them.
const cpuOf = { "@node-llama-cpp/linux-arm64": "arm64", "@node-llama-cpp/linux-armv7l": "arm" };

export const hooks = {
  readPackage(manifest) {
    if (manifest.name in cpuOf) manifest.cpu = [cpuOf[manifest.name]];
    return manifest;
  },
};
