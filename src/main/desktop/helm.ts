// Runs the user's helm program on our cluster: arguments only, never a shell; values go in by standard input.
import { execFile } from 'node:child_process'
import { type HelmOperation, helmArguments } from '../../shared/machinery/helm-operation.ts'

const TIMEOUT_MS = 5 * 60_000
const MOST_OUTPUT_BYTES = 4 << 20

function run(program: string, args: readonly string[], kubeconfig: string, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, KUBECONFIG: kubeconfig }
    const options = { env, timeout: TIMEOUT_MS, maxBuffer: MOST_OUTPUT_BYTES, windowsHide: true }
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.trim() || error.message))
      else resolve(stdout)
    })
    // A program that never reads its input is told by its exit.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
  })
}

/** @returns its version, or undefined when it is not there */
export const helmVersion = (program = 'helm'): Promise<string | undefined> =>
  run(program, ['version', '--short'], '').then(
    text => text.trim(),
    () => undefined,
  )

/** @returns what helm printed. @throws Error with what it complains of */
export const runHelm = (operation: HelmOperation, kubeconfig: string, program = 'helm'): Promise<string> =>
  run(program, helmArguments(operation), kubeconfig, operation.do === 'upgrade' ? operation.values : '')
