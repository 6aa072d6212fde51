// The hosts that this user's ~/.ssh/config names, for those who add one.
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { SshHost } from '../../preload/channels.ts'
import { readSshConfig } from '../provisioning/ssh/config-file.ts'

/** What a configuration of years may name. */
const MOST = 500

/** None where there is no such file, or it cannot be read. */
export function sshHosts(home = homedir()): SshHost[] {
  try {
    const config = readSshConfig(join(home, '.ssh', 'config'), home)
    return config.hosts.slice(0, MOST).map(name => {
      const { hostName = name, user, port } = config.optionsFor(name)
      return { name, address: `${user ? `${user}@` : ''}${hostName}${port && port !== '22' ? `:${port}` : ''}` }
    })
  } catch {
    return []
  }
}
