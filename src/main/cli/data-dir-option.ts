// The option that nearly every command has.
import { Option } from 'commander'
import { defaultDataDir } from '../data-folder/data-dir.ts'

export const dataDirOption = () => new Option('--data-dir <dir>', 'where the cluster lives').default(defaultDataDir())
