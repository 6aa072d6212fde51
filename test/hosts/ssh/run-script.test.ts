// What a host does with a script whose connection ends at once.
import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import type { Hop } from '../../../src/main/provisioning/ssh/contract.ts'
import { runScript } from '../../../src/main/provisioning/ssh/run-script.ts'
import { systemClock } from '../../../src/shared/machinery/clock.ts'

const hop: Hop = { host: 'box', port: 22, user: 'root', identityFiles: [], identitiesOnly: false }

/** @returns what sshd is told to run */
async function commandOf(script: string): Promise<string> {
  let told = ''
  const exec = (command: string) => {
    told = command
    return Promise.reject(new Error('cut'))
  }
  await expect(runScript(exec, script, { hop, clock: systemClock })).rejects.toThrow('cut')
  return told
}

test.each(['', '\n', '{"a": 1}\n'])(
  'a script that gets %j, and not the word before its input, has begun and does nothing',
  async input => {
    const { status, stdout } = spawnSync('sh', ['-c', await commandOf('echo "took $(cat)"')], { input })
    expect({ status, stdout: String(stdout) }).toEqual({ status: 1, stdout: 'flotilla-begin\n' })
  },
)
