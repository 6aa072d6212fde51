// One project per area, so that an area can be run and timed on its own: `npx vitest run --project api`.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'
import { LongestFirst } from './test/support/longest-first.ts'

const node = (name: string, include: string[], testTimeout = 20_000) => ({
  extends: true as const,
  test: { name, include, environment: 'node', testTimeout, hookTimeout: 60_000, fileParallelism: true },
})

/** Files of one process share the modules that they load: most of what short tests take is loading them. */
const together = <Project extends { extends: true; test: object }>(project: Project) => ({
  ...project,
  test: { ...project.test, isolate: false },
})

/** One file at a time. */
const serial = (name: string, include: string[], exclude: string[] = []) => ({
  extends: true as const,
  test: { name, include, exclude, testTimeout: 240_000, hookTimeout: 300_000, fileParallelism: false },
})

/**
 * They compare the whole machine before and after, or wait for hosts that are to be missed: no others start beside them.
 */
const ALONE = {
  hosts: ['test/hosts/local-cluster.test.ts', 'test/hosts/window.test.ts'],
  e2e: ['test/e2e/uninstall.test.ts'],
}
/** It makes what `hosts` runs on, beside tests that use no Docker. */
const LAB = ['test/hosts/lab/image.test.ts']
/**
 * They do not claim this machine's network, in which there can be one node at a time: nodes of theirs are in networks of
 * their own.
 */
const BESIDE = [
  'test/e2e/bad-input.test.ts',
  'test/e2e/rootless-docker.test.ts',
  'test/e2e/window/desktop.test.ts',
  'test/e2e/window/desktop-start.test.ts',
  'test/e2e/window/every-field.test.ts',
  'test/e2e/window/every-kind.test.ts',
  'test/e2e/window/forms.test.ts',
  'test/e2e/window/map-of-many.test.ts',
  'test/e2e/window/other-clusters.test.ts',
  'test/e2e/window/resilience.test.ts',
  'test/e2e/window/security.test.ts',
  'test/e2e/window/team.test.ts',
  'test/e2e/window/use.test.ts',
]

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src/renderer', import.meta.url)) } },
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      together(node('shared', ['test/shared/**/*.test.ts'])),
      node('store', ['test/store/**/*.test.ts'], 60_000),
      together(node('api', ['test/api/**/*.test.ts'], 30_000)),
      together(node('control', ['test/control/**/*.test.ts'], 30_000)),
      node('agent', ['test/agent/**/*.test.ts'], 120_000),
      node('network', ['test/network/**/*.test.ts'], 120_000),
      {
        extends: true,
        test: {
          name: 'hosts',
          include: ['test/hosts/**/*.test.ts'],
          exclude: [...ALONE.hosts, ...LAB],
          testTimeout: 240_000,
          hookTimeout: 300_000,
        },
      },
      serial('hosts-alone', ALONE.hosts),
      { extends: true, test: { name: 'lab', include: LAB, testTimeout: 900_000 } },
      together(node('desktop', ['test/desktop/**/*.test.ts'], 120_000)),
      node('cli', ['test/cli/**/*.test.ts'], 60_000),
      together({
        extends: true,
        test: {
          name: 'window',
          include: ['test/renderer/**/*.test.ts'],
          environment: 'happy-dom',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      }),
      serial('clients', ['test/clients/**/*.test.ts']),
      together(serial('e2e', ['test/e2e/**/*.test.ts'], [...BESIDE, ...ALONE.e2e])),
      together(serial('e2e-beside', BESIDE)),
      serial('e2e-alone', ALONE.e2e),
    ],
  },
})
