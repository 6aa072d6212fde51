// What tests of the store share and programs outside of a test runner use as well.
import type { AnyObject } from '../../src/shared/machinery/object.ts'

export function objectNamed(name: string, data: Record<string, unknown> = {}): AnyObject {
  const metadata = { name, uid: `uid-${name}`, resourceVersion: 'ignored', creationTimestamp: '2026-01-01T00:00:00Z' }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
}

export async function poll(condition: () => boolean | Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not true within ${timeoutMs} ms: ${condition}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}
