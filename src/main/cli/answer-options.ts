// The options by which a command line answers what SSH and sudo ask.
import type { Command } from 'commander'
import { several } from './several.ts'

/** As `AnswerFlags`. @param password what it is for */
export const addAnswerOptions = (command: Command, password: 'SSH' | 'SSH and sudo'): Command =>
  command
    .option('--host-key <fingerprint>', 'accept a host key with this fingerprint (SHA256:…)', several)
    .option('--accept-host-keys', 'accept every new host key; a changed one is refused nevertheless')
    .option('--password-stdin', `read the password for ${password} from the first line of standard input`)
