// Runs the user's helm program on a window's cluster: arguments only, never a shell; values go in by standard input.
import { execFile } from 'node:child_process'
import { type HelmOperation, helmArguments } from '../../shared/machinery/helm-operation.ts'

const TIMEOUT_MS = 5 * 60_000
/** A dry run prints the chart's files as well. */
const MOST_OUTPUT_BYTES = 64 << 20

/** `HELM_KUBECONTEXT` and its like would lead to another cluster than the one that the window shows. */
const withoutClusters = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !/^HELM_(KUBE|NAMESPACE)/.test(name)))

function run(program: string, args: readonly string[], kubeconfig: string, input = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...withoutClusters(process.env), KUBECONFIG: kubeconfig }
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
