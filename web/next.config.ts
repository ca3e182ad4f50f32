import type { NextConfig } from 'next';

// A static export: no server of Node's is needed to serve it. bullfinch serves web/out itself, and
// any other server of files can.
const config: NextConfig = {
  output: 'export',
  images: { unoptimized: true },
  reactStrictMode: true,
  poweredByHeader: false,
  productionBrowserSourceMaps: false,
  devIndicators: false,
};

export default config;
