// What a start prints: where the window, the kubeconfig and the API are, and whether this machine joined as a node.
import type { ControlPlane, ControlPlaneOptions } from '../control-plane.ts'
import { productVersion } from '../process/version.ts'

/** @param print takes a line */
export const announceNode =
  (print: (line: string) => void): NonNullable<ControlPlaneOptions['onNodeStatus']> =>
  line =>
    print(`  this node   ${line}`)

/** The last line starts with `ready`. */
export function announceReady(controlPlane: ControlPlane, print: (line: string) => void): void {
  const { url, kubeconfigPath } = controlPlane
  print(`Flotilla ${productVersion}`)
  print(`  window      ${url}/ui/login#token=${controlPlane.issueLoginToken()}`)
  print('              (works once, within 5 minutes; "flotilla login" prints another)')
  print(`  kubeconfig  ${kubeconfigPath}`)
  print(`ready ${url} kubeconfig=${kubeconfigPath}`)
}
