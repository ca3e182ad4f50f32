'use client';
import { useRouter, useSearchParams } from 'next/navigation';
import { useState } from 'react';
import { signIn } from '@/data/session';
import { Button, field } from '@/ui/bits';

/** Only pages of ours: nobody is sent elsewhere by a link. */
function inside(to: string | null): string {
  return to && /^\/(?![/\\])/.test(to) && !to.startsWith('/sign-in') ? to : '/';
}

export function SignIn() {
  const router = useRouter();
  const to = inside(useSearchParams().get('to'));
  const [token, setToken] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await signIn(token.trim());
      router.replace(to);
    } catch (e) {
      setError(e instanceof Error ? e.message : String(e));
    }
    setBusy(false);
  };
  return (
    <div className="mx-auto max-w-md py-10">
      <h1 className="text-xl font-semibold tracking-tight">Sign in</h1>
      <p className="mt-2 text-sm text-muted">bullfinch wants to know who looks and who orders. A token with the role <b>read</b> shows everything; <b>trade</b> can also stop it.</p>
      <form className="mt-5 space-y-4 rounded-xl border border-line bg-surface p-5 shadow-card" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
        <label className="block">
          <span className="mb-1 block text-sm font-medium">Token</span>
          <input type="password" name="token" required autoComplete="current-password" spellCheck={false} value={token} onChange={(e) => setToken(e.target.value)} placeholder="bft_…" aria-describedby="token-help" className={`${field} w-full font-mono`} />
        </label>
        {error && <p role="alert" className="rounded-md bg-down-soft px-3 py-2 text-sm text-down">{error}</p>}
        <Button type="submit" tone="primary" className="w-full" disabled={busy || !token.trim()}>{busy ? 'Signing in…' : 'Sign in'}</Button>
        <p id="token-help" className="text-sm text-muted">Make one where bullfinch runs: <code className="rounded bg-raised px-1 py-0.5 font-mono text-xs text-text">bullfinch token create desk --role trade</code></p>
      </form>
    </div>
  );
}
