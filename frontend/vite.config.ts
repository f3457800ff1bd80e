import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

const api = process.env.MUSTER_API ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [
    paraglideVitePlugin({
      project: './project.inlang',
      outdir: './src/lib/paraglide',
      strategy: ['localStorage', 'preferredLanguage', 'baseLocale'],
    }),
    sveltekit(),
  ],
  server: {
    proxy: {
      // The API checks Origin on sockets and writes, so the proxy presents its own address.
      '/api': { target: api, ws: true, changeOrigin: true, headers: { origin: api } },
    },
  },
  build: { target: 'es2022' },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'jsdom',
    restoreMocks: true,
  },
  // Vitest would otherwise resolve Svelte's server build.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
});
