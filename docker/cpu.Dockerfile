# For a server without a GPU: the CPU backend. From the project's folder:
#
#   docker build -f docker/cpu.Dockerfile -t neighbor-product .
#   docker run --rm -i neighbor-product - -o - < in.png > out.png
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/images" neighbor-product in.png -o out.png
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
# Dawn is 130 MB and would find no GPU.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund && rm -r node_modules/webgpu

FROM node:20-bookworm-slim
RUN apt-get update \
  && apt-get install -y --no-install-recommends libgomp1 \
  && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/build/Release/neighbor_product.node build/Release/
USER node
WORKDIR /images
ENTRYPOINT ["node", "/app/dist/cli/neighbor-product.cjs"]
CMD ["--help"]
