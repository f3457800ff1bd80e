import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vitest/config';

const api = process.env.MUSTER_API ?? 'http://127.0.0.1:8000';

/** What every page runs on; it changes only with its versions, so browsers keep it over most updates of Muster. */
const FRAMEWORK =
  /node_modules[\\/](svelte|@sveltejs|@tanstack|esm-env|devalue|clsx|openapi-fetch)[\\/]|generated[\\/]client-optimized[\\/]app|paraglide[\\/]runtime|rolldown[\\/]runtime/;
/** What draws dialogs, menus and lists that float; pages fetch it when one is opened. */
const POPUPS =
  /node_modules[\\/](bits-ui|@floating-ui|svelte-toolbelt|tabbable|runed|style-to-object|inline-style-parser)[\\/]/;
/** What several pages show and none needs at once: in the file of controls it would weigh on every page. */
const SCREENS =
  /src[\\/]lib[\\/](enrollment|people|groups|learning|consequences|audiences|imports)[\\/].*\.svelte$/;
/** What stands around every page of who is signed in, with the words and icons in it. */
const FRAME = new RegExp(
  [
    'lib/shell/(.*/)?(acts|CrashPage|Mark|pages|Rail|theme|TopBar)',
    'lib/(live/needs-you/needs-you|enrollment/(acts/bulk-acts|runs/undo|proposals/(calls|words)))',
    'messages/(nav|needs|palette|search|theme|composer|proposal)_',
    'messages/(error_t|go_home|group_new|linked|proposals|reload|segment_new|sessions_empty|sign_out)',
    'icons/(bug|calendar-days|chevron-right|compass|settings)',
  ]
    .join('|')
    .replaceAll('/', '[\\\\/]'),
);
/** What is said of an audience that jumped: on few pages, and then at once. */
const JUMPS = /needs-you[\\/](JumpsOf|DismissJump|need-words)\./;
/** Bytes below which files that pages share are joined with their neighbour. */
const SMALL_FILE = 12_000;
/** The same of what screens share: joined with too much, a page loads another's dialogs for one function. */
const SMALL_SCREEN = 4_000;

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
  build: {
    target: 'es2022',
    rolldownOptions: {
      output: {
        // Left alone, the build makes a file of every module that two pages share: 60 requests before anything is seen.
        codeSplitting: {
          groups: [
            // One sheet of 20 KB for all pages rather than eight a page.
            { name: 'style', test: /type=style|\.css$/, priority: 5 },
            { name: 'framework', test: FRAMEWORK, priority: 4 },
            { name: 'words', test: /paraglide|lucide/, minShareCount: 3, priority: 3 },
            {
              name: 'popups',
              test: POPUPS,
              minShareCount: 2,
              entriesAware: true,
              entriesAwareMergeThreshold: SMALL_FILE,
              priority: 3,
            },
            { name: 'controls', test: (id: string) => !SCREENS.test(id), minShareCount: 6, priority: 2 },
            // What the frame of every page of who is signed in shares with a page or two: else a dozen small files.
            { name: 'jumps', test: JUMPS, priority: 2 },
            { name: 'frame', test: FRAME, minShareCount: 2, priority: 2 },
            {
              name: 'shared',
              minShareCount: 2,
              entriesAware: true,
              entriesAwareMergeThreshold: SMALL_SCREEN,
            },
          ],
        },
      },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'jsdom',
    restoreMocks: true,
  },
  // Vitest would otherwise resolve Svelte's server build.
  resolve: process.env.VITEST ? { conditions: ['browser'] } : {},
});
