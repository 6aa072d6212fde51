// `flotilla status`: whether the cluster runs, where, and how its nodes are. Exit code 3 when it does not run.
import type { Node } from '../../shared/api/core/v1.ts'
import { LOCAL_NODE_PATH, type LocalNodeReport } from '../../shared/machinery/local-node.ts'
import { dataDirLayout, serveCommand } from '../data-folder/data-dir.ts'
import { readMark } from '../move/mark.ts'
import { adminRequest, requireRunning, runningServer } from '../data-folder/running-server.ts'

interface Report {
  running: boolean
  dataDir: string
  url?: string
  pid?: number
  /** Where the control plane is now. */
  movedTo?: string
  kubeconfig?: string
  version?: string
  nodes?: { name: string; ready: boolean; reason: string }[]
  /** Why the control plane's machine is no node. */
  notJoined?: string
}

async function inspect(dataDir: string): Promise<Report> {
  const movedTo = readMark(dataDir)?.to
  const server = movedTo === undefined ? runningServer(dataDir) : requireRunning(dataDir)
  if (!server) return { running: false, dataDir }
  const version = (await adminRequest(dataDir, 'GET', '/version')) as { gitVersion: string }
  const list = (await adminRequest(dataDir, 'GET', '/api/v1/nodes')) as { items: Node[] }
  // Elsewhere it is another machine that is a node, or not; a server that was started before an upgrade may not tell.
  const told = movedTo === undefined && (await adminRequest(dataDir, 'GET', LOCAL_NODE_PATH).catch(() => undefined))
  const { notJoined } = (told || {}) as LocalNodeReport
  return {
    running: true,
    dataDir,
    url: server.url,
    ...(movedTo === undefined ? { pid: server.pid } : { movedTo }),
    kubeconfig: dataDirLayout(dataDir).kubeconfig,
    version: version.gitVersion,
    nodes: list.items.map(node => {
      const ready = node.status.conditions?.find(condition => condition.type === 'Ready')
      return { name: node.metadata.name, ready: ready?.status === 'True', reason: ready?.reason ?? 'NoStatus' }
    }),
    ...(notJoined !== undefined && { notJoined }),
  }
}

export async function status(dataDir: string, asJson: boolean): Promise<void> {
  const report = await inspect(dataDir)
  if (!report.running) process.exitCode = 3
  if (asJson) return console.log(JSON.stringify(report, null, 2))
  if (!report.running)
    return console.log(`not running (data folder ${dataDir}); start it with: ${serveCommand(dataDir)}`)
  console.log(
    `running     ${report.url} (${report.movedTo === undefined ? `pid ${report.pid}` : `on ${report.movedTo}`}, Kubernetes ${report.version})`,
  )
  console.log(`kubeconfig  ${report.kubeconfig}`)
  for (const node of report.nodes ?? [])
    console.log(`node        ${node.name}: ${node.ready ? 'Ready' : `not ready (${node.reason})`}`)
  if (!report.nodes?.length) console.log('node        none')
  if (report.notJoined) console.log(`this node   not joined: ${report.notJoined}`)
}
