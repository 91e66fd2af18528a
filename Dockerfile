# The version of Node.js must satisfy `engines` in package.json.
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
COPY schematics ./schematics
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.js

FROM ${NODE_IMAGE} AS modules
WORKDIR /app
COPY package.json package-lock.json ./
COPY schematics ./schematics
# Without scripts, no package can send telemetry. bcrypt contains its binaries. npm keeps TypeScript, an optional peer of
# @nestjs/swagger, and Scarf, which only sends telemetry. Types and source maps are not needed either.
RUN npm ci --omit=dev --ignore-scripts \
 && rm -rf node_modules/typescript node_modules/@scarf node_modules/.bin/tsc node_modules/.bin/tsserver \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM ${NODE_IMAGE}
ENV NODE_ENV=production
WORKDIR /app
COPY --from=modules /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY scripts ./scripts
COPY public ./public
# The application writes no files, so the root can be read-only.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health/live`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# Node.js is process 1, so it gets the signals.
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
