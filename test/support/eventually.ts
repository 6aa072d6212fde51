// Waits for a condition with a deadline; tests never sleep.

/** Polls until `check` returns without throwing and not false. @throws its last error after `timeoutMs` */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const from = performance.now()
    let until = from
    try {
      const checking = begin(check)
      until = performance.now()
      const result = await checking
      if (result !== false) return result
      if (performance.now() > deadline) throw new Error(`not so within ${timeoutMs} ms: ${check.toString()}`)
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    // What is waited for may run in this process: a check that blocks it, as by running a program, leaves it as much time.
    await new Promise(resolve => setTimeout(resolve, Math.max(10, until - from)))
  }
}

function begin<T>(check: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(check())
  } catch (error) {
    return Promise.reject(error)
  }
}
