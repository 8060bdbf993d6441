import { forceTier, type Tier } from '../../src/internal/engine/tier.ts'

/** Set-up file of each vitest project: everything runs on the tier that the project names. */
const tier = process.env['CARESEAL_TIER']
if (tier !== undefined) forceTier(tier as Tier)
