// One project per area, so that an area can be run and timed on its own: `npx vitest run --project api`.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'
import { LongestFirst } from './test/support/longest-first.ts'

const node = (name: string, include: string[], testTimeout = 20_000) => ({
  extends: true as const,
  test: { name, include, environment: 'node', testTimeout, hookTimeout: 60_000, fileParallelism: true },
})

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src/renderer', import.meta.url)) } },
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      node('shared', ['test/shared/**/*.test.ts']),
      node('store', ['test/store/**/*.test.ts'], 60_000),
      node('api', ['test/api/**/*.test.ts'], 30_000),
      node('control', ['test/control/**/*.test.ts'], 30_000),
      node('agent', ['test/agent/**/*.test.ts'], 120_000),
      node('network', ['test/network/**/*.test.ts'], 120_000),
      {
        extends: true,
        test: {
          name: 'hosts',
          include: ['test/hosts/**/*.test.ts'],
          exclude: ['test/hosts/local-cluster.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          // Much of it is waiting: for hosts that boot, freeze and come back.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          // It compares the whole machine before and after.
          name: 'hosts-alone',
          include: ['test/hosts/local-cluster.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      node('desktop', ['test/desktop/**/*.test.ts']),
      node('cli', ['test/cli/**/*.test.ts'], 60_000),
      { extends: true, test: { name: 'window', include: ['test/renderer/**/*.test.ts'], environment: 'happy-dom' } },
      {
        extends: true,
        test: {
          name: 'clients',
          include: ['test/clients/**/*.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
