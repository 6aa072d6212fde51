// Why the machine of the control plane is no node: asked for as long as somebody may and wants to know.
import { effectScope } from 'vue'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ApiError } from '../../../src/shared/machinery/status.ts'
import { connection } from '@/api/connection.ts'
import { useNotJoined } from '@/nodes/not-joined.ts'

const scope = effectScope()
beforeEach(() => void vi.useFakeTimers())
afterEach(() => {
  scope.stop()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

it('is asked again while the server is away, and not by whoever may not know it', async () => {
  const raw = vi.spyOn(connection.client, 'raw').mockRejectedValue(new TypeError('Failed to fetch'))
  const why = scope.run(() => useNotJoined(() => true))
  await vi.advanceTimersByTimeAsync(10_000)
  raw.mockResolvedValue({ notJoined: 'no Docker' })
  await vi.advanceTimersByTimeAsync(10_000)
  expect(why?.value).toBe('no Docker')
  raw.mockRejectedValue(new ApiError(403, 'Forbidden', 'no'))
  await vi.advanceTimersByTimeAsync(10_000)
  expect(why?.value).toBeUndefined()
  raw.mockClear()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(raw).not.toHaveBeenCalled()
})
