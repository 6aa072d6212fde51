// Waits for a condition with a deadline; tests never sleep.

/** Polls until `check` returns without throwing and not false. @throws its last error after `timeoutMs` */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      const result = await check()
      if (result !== false) return result
      if (performance.now() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${check.toString()}`)
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}
