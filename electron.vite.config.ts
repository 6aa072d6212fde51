// Builds the three bundles: main (the Electron entry and the plain-Node command line), preload, and the window.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'electron-vite'

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** Libraries of many small files: loading them one by one would be half of a start. */
const BUNDLED = [
  '@peculiar/x509',
  'commander',
  'p-queue',
  'parse5-html-rewriting-stream',
  'prom-client',
  'rfc6902',
  'tar-stream',
  'yaml',
]

const mainInputs = { index: at('src/main/index.ts'), cli: at('src/main/cli/main.ts') }

/** What the window does not use of its libraries is left out of it. */
const LEFT_OUT = {
  __VUE_OPTIONS_API__: 'false',
  __VUE_PROD_DEVTOOLS__: 'false',
  __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: 'false',
  __VUE_I18N_FULL_INSTALL__: 'false',
  __VUE_I18N_LEGACY_API__: 'false',
  __INTLIFY_PROD_DEVTOOLS__: 'false',
}

/** Browser and desktop app serve the window under `/ui/`; electron-vite would set a relative base for file: URLs. */
const servedUnderUi = { name: 'served-under-ui', enforce: 'post' as const, config: () => ({ base: '/ui/' }) }

export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node20.18',
      sourcemap: true,
      externalizeDeps: { exclude: BUNDLED },
      rollupOptions: {
        input: Object.fromEntries(Object.entries(mainInputs).filter(([, path]) => existsSync(path))),
        output: {
          format: 'es',
          entryFileNames: '[name].js',
          chunkFileNames: 'chunks/[name]-[hash].js',
          // V8 keeps a text with one wide character in two bytes each, and comments for as long as the code: megabytes.
          charset: 'ascii',
          comments: { legal: true, annotation: false, jsdoc: false },
        },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      target: 'node20.18',
      rollupOptions: {
        input: { index: at('src/preload/index.ts') },
        // A sandboxed preload is loaded as CommonJS, whatever package.json says.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: at('src/renderer'),
    resolve: { alias: { '@': at('src/renderer') } },
    plugins: [vue(), tailwindcss(), servedUnderUi],
    define: LEFT_OUT,
    build: {
      outDir: at('out/renderer'),
      target: 'es2022',
      minify: 'oxc',
      // Inlined assets would be data: URLs, which the window's content security policy does not allow for fonts.
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 900,
      // A style sheet that did not come is not asked for again: with one, it comes with the page or not at all.
      cssCodeSplit: false,
      rollupOptions: { input: { index: at('src/renderer/index.html') } },
    },
  },
})
