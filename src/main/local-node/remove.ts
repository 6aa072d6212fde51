// Takes this machine out of the cluster: the agent cleans up what it made (containers, links, rules, mounts).
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { dataDirLayout } from '../data-dir.ts'
import { leaveEngine } from './apart/apart-agent.ts'
import { planLocalNode } from './detect.ts'
import { localAgent } from './local-agent.ts'

/** @returns what was done, one line each. @throws Error when something of ours is left behind */
export async function removeLocalNode(dataDir: string): Promise<string[]> {
  const layout = dataDirLayout(dataDir)
  if (!existsSync(join(layout.agent, 'config.json'))) return ['this machine was not a node']
  const plan = await planLocalNode()
  if (plan.run === 'not') throw new Error(`this machine cannot be cleaned up now: ${plan.why}`)
  const { command, args, env } = await localAgent({ plan, dataDir, folder: layout.agent, purpose: 'cleanup' })
  const { code, output } = await collect(command, args, env)
  const lines = output.trim().split('\n').filter(Boolean)
  if (code !== 0) throw new Error(`cleaning up this machine failed: ${lines.at(-1) ?? `exit code ${code}`}`)
  if (plan.run === 'apart') await leaveEngine({ plan, dataDir })
  return lines
}

function collect(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')))
    child.once('error', reject)
    child.once('close', code => resolve({ code: code ?? 1, output }))
  })
}
