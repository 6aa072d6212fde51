// A pod's own folder on its node.
import { join } from 'node:path'

export const podDirOf = (dataDir: string, uid: string): string =>
  join(dataDir, 'pods', uid.replace(/[^A-Za-z0-9-]/g, '_'))
