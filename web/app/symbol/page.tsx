import type { Metadata } from 'next';
import { SymbolPage } from './symbol';

export const metadata: Metadata = { title: 'Symbol' };
export default function Page() {
  return <SymbolPage />;
}
