// Control planes of local clusters where this app carries no Node for the system that it runs on: processes of the app,
// which end with it and come back with it.
import { createWriteStream, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { utilityProcess } from 'electron'
import type { Serve } from '../local-cluster/way.ts'
import { commandLine } from '../local-node/built-programs.ts'

export const serveBeside: Serve = (args, logPath) => {
  mkdirSync(dirname(logPath), { recursive: true, mode: 0o700 })
  const log = createWriteStream(logPath, { flags: 'a', mode: 0o600 })
  log.on('error', () => undefined) // a full disk must not end the app
  const child = utilityProcess.fork(commandLine(), [...args], { stdio: 'pipe', serviceName: 'local cluster' })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      log.write(chunk)
      said = chunk.toString('utf8').trimEnd().split('\n').at(-1) ?? said
    })
  const ended = new Promise<string>(resolve => {
    child.once('exit', code => {
      log.end()
      resolve(said.replace(/^flotilla: /, '') || `exit code ${code}`)
    })
  })
  return Promise.resolve({ ended })
}
