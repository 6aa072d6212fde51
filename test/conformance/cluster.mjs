// The cluster that the suite judges: one node of this machine, or a local cluster of several nodes in containers.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { root } from '../../scripts/lib/setup.mjs'
import { SERVER_NODE_ARGS, serverNode } from '../../scripts/lib/server-node.mjs'

const CLI = join(root, 'out/main/cli.js')

/**
 * @param folder an empty folder, for what the cluster keeps
 * @returns {Promise<{ kubeconfig: string, end: () => Promise<void> }>} `end` leaves nothing of it
 */
export const startCluster = (folder, nodes) => (nodes > 1 ? startLocal(folder, nodes) : startServe(folder))

async function startServe(folder) {
  const args = [...SERVER_NODE_ARGS, CLI, 'serve', '--data-dir', folder, '--listen', '127.0.0.1:0']
  const cluster = spawn(serverNode(), args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = new Promise(resolve => cluster.once('exit', resolve))
  await new Promise((resolve, reject) => {
    let output = ''
    cluster.stdout.on('data', chunk => {
      output += chunk
      if (/joined as/.test(output)) resolve()
    })
    void ended.then(() => reject(new Error(`the cluster ended: ${output}`)))
  })
  return {
    kubeconfig: join(folder, 'kubeconfig'),
    async end() {
      cluster.kill('SIGTERM')
      await ended
      spawnSync(process.execPath, [CLI, 'reset', '--yes', '--data-dir', folder], { stdio: 'ignore' })
    },
  }
}

async function startLocal(folder, nodes) {
  const name = `conformance-${process.pid}`
  const local = (...args) =>
    spawnSync(process.execPath, [CLI, 'local', ...args, '--folder', folder], { encoding: 'utf8' })
  const { status, stdout, stderr } = local('create', name, '--nodes', String(nodes))
  const kubeconfig = /KUBECONFIG=(.+)/.exec(stdout)?.[1]
  if (status !== 0 || !kubeconfig) throw new Error(`the cluster cannot be made: ${stderr || stdout}`)
  return { kubeconfig, end: () => Promise.resolve(local('delete', name)).then(() => undefined) }
}
