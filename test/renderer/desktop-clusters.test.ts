// How local clusters are told, and images out of what was typed and what nodes have.
import { describe, expect, it } from 'vitest'
import { localClusterStatus } from '@/desktop/local-cluster-status.ts'
import { imagesOf, parseImages } from '@/hosts/images.ts'
import type { Node } from '../../src/shared/api/core/v1.ts'

describe('a local cluster', () => {
  const cluster = { name: 'local', nodes: 3, runningNodes: 3, isRunning: true }
  it.each([
    ['runs', cluster, 'Running', 'healthy'],
    ['lacks nodes', { ...cluster, runningNodes: 2 }, 'Nodes are missing', 'warning'],
    ['is stopped', { ...cluster, isRunning: false, runningNodes: 0 }, 'Stopped', 'suspended'],
    ['is told what is done to it first', { ...cluster, doing: 'stop' as const }, 'Stopping', 'progressing'],
  ])('%s', (_what, given, text, tone) => expect(localClusterStatus(given)).toEqual({ text, tone }))
})

describe('typed images', () => {
  it('are one a line or in one line, each once', () =>
    expect(parseImages('shop/web:1.2\nredis, redis  registry.example:5000/a/b@sha256:0a')).toEqual({
      images: ['shop/web:1.2', 'redis', 'registry.example:5000/a/b@sha256:0a'],
      problems: [],
    }))
  it.each(['--input=/etc/passwd', '$(id)', 'a;b'])('%j is refused', text =>
    expect(parseImages(text).problems.join()).toContain('is not the name of an image'),
  )
})

it('a node’s images go by their tag, the largest first', () => {
  const images = [
    { names: ['a@sha256:01', 'a:1'], sizeBytes: 10 },
    { names: ['b@sha256:02'], sizeBytes: 30 },
    { names: [], sizeBytes: 99 },
  ]
  const found = imagesOf({ status: { images } } as unknown as Node)
  expect(found.map(({ name, bytes }) => [name, bytes])).toEqual([
    ['b@sha256:02', 30],
    ['a:1', 10],
  ])
})
