import { useState } from 'react'
import { Button, ScrollView, Text } from 'react-native'
import { type Check, checks } from './checks'

/** Runs the checks one after the other, and shows what each one saw. */
export function SelfCheck() {
  const [results, setResults] = useState<Readonly<Record<string, string>>>({})

  const show = (name: string, result: string) => setResults((before) => ({ ...before, [name]: result }))

  const runAll = async () => {
    for (const check of checks) show(check.name, await resultOf(check))
  }

  return (
    <ScrollView>
      <Button title="Run" onPress={() => void runAll()} />
      {checks.map(({ name }) => (
        <Text key={name}>
          {results[name] ?? '…'} {name}
        </Text>
      ))}
    </ScrollView>
  )
}

async function resultOf({ run }: Check): Promise<string> {
  try {
    return `✓ ${await run()}`
  } catch (error) {
    return `✗ ${String(error)}`
  }
}
