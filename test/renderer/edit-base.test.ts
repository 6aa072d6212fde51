// Editing while the cluster goes on.
import { describe, expect, it } from 'vitest'
import { rebase } from '@/drawer/edit-base.ts'
import type { AnyObject } from '../../src/shared/machinery/object.ts'

const object = (version: string, replicas: number, ready: number): AnyObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', uid: 'u', creationTimestamp: '', resourceVersion: version },
  spec: { replicas },
  status: { ready },
})

describe('rebase()', () => {
  it('follows the newest version when only the status moved on', () =>
    expect(rebase(object('1', 9, 0), object('1', 3, 0), object('7', 3, 3)).metadata.resourceVersion).toBe('7'))
  it('keeps the old version when somebody else changed the spec, so that the server refuses', () =>
    expect(rebase(object('1', 9, 0), object('1', 3, 0), object('7', 4, 3)).metadata.resourceVersion).toBe('1'))
  it('leaves a version alone that the user wrote', () =>
    expect(rebase(object('5', 9, 0), object('1', 3, 0), object('7', 3, 3)).metadata.resourceVersion).toBe('5'))
})
