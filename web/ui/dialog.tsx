'use client';
// A question before something that matters. It names what will happen, in words; the button repeats
// the verb. Built on <dialog>: the browser keeps the focus inside and closes it on Escape.

import { useEffect, useRef, useState, type ReactNode } from 'react';
import { ApiError } from '@/data/client';
import { mayTrade, useSession } from '@/data/session';
import { Button } from './bits';
import { Icon } from './icons';
import { Link } from './link';

type Props = {
  open: boolean;
  title: string;
  verb: string;
  danger?: boolean;
  disabled?: boolean;
  children: ReactNode;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
};

/** To the sign-in, and back to where one was. */
function SignIn() {
  return <Link href={`/sign-in?to=${encodeURIComponent(window.location.pathname + window.location.search)}`} className="font-medium underline">Sign in with a token of the role trade.</Link>;
}

export function Confirm({ open, title, verb, danger = false, disabled = false, children, onConfirm, onClose }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const [refused, setRefused] = useState(false);
  const session = useSession();
  useEffect(() => {
    const d = ref.current;
    if (!d) return;
    if (open && !d.open) {
      setError(null);
      setRefused(false);
      d.showModal();
    }
    if (!open && d.open) d.close();
  }, [open]);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (e) {
      setRefused(e instanceof ApiError && (e.status === 401 || e.status === 403));
      setError(e instanceof Error ? e.message : String(e));
    }
    setBusy(false);
  };
  return (
    <dialog ref={ref} onClose={onClose} aria-labelledby="confirm-title"
      className="m-auto w-[min(32rem,calc(100vw-2rem))] rounded-xl border border-line bg-surface p-0 text-text shadow-2xl">
      {open && (
        <form onSubmit={(e) => { e.preventDefault(); void confirm(); }}>
          <h2 id="confirm-title" className="px-5 pt-5 text-lg font-semibold">{title}</h2>
          {session && !mayTrade(session) && !error && (
            <p role="note" className="mx-5 mt-3 rounded-md bg-warn-soft px-3 py-2 text-sm text-warn">You may only look so far. <SignIn /></p>
          )}
          <div className="space-y-3 px-5 py-3 text-sm">{children}</div>
          {error && (
            <p role="alert" className="mx-5 mb-2 flex gap-2 rounded-md bg-down-soft px-3 py-2 text-sm text-down">
              <Icon name="warn" className="mt-0.5" />
              <span>{error} {refused && <SignIn />}</span>
            </p>
          )}
          <div className="flex justify-end gap-2 border-t border-line px-5 py-3">
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" tone={danger ? 'danger' : 'primary'} disabled={busy || disabled}>{busy ? 'Working…' : verb}</Button>
          </div>
        </form>
      )}
    </dialog>
  );
}
