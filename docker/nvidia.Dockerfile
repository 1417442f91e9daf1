# For a workstation with an NVIDIA GPU: GPU and CPU backends. The host needs NVIDIA's driver and the NVIDIA Container
# Toolkit. From the project's folder:
#
#   docker build -f docker/nvidia.Dockerfile -t neighbor-product:nvidia .
#   docker run --rm --runtime=nvidia --gpus all neighbor-product:nvidia devices
#   docker run --rm --runtime=nvidia --gpus all --user "$(id -u):$(id -g)" -v "$PWD:/images" \
#     neighbor-product:nvidia in.png -o out.png
#
# --user, so that the files are yours.

FROM node:20-bookworm-slim AS build
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY . .
# The image has Node's headers: nothing to download.
RUN npm run build && npm run build:addon -- --nodedir=/usr/local
# Dawn for other systems is most of its 130 MB.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -r node_modules/webgpu/dist/win32-* node_modules/webgpu/dist/darwin-*

FROM node:20-bookworm-slim
# The Vulkan loader, and what NVIDIA's Vulkan driver loads, which the container runtime mounts without its dependencies.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libgomp1 libvulkan1 libxext6 libegl1 \
  && rm -rf /var/lib/apt/lists/*
# Vulkan is of the driver's graphics part.
ENV NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=graphics,compute,utility
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/build/Release/neighbor_product.node build/Release/
USER node
WORKDIR /images
ENTRYPOINT ["node", "/app/dist/cli/neighbor-product.cjs"]
CMD ["--help"]
