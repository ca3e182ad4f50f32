import { Link } from '@/ui/link';

export default function NotFound() {
  return (
    <div className="py-16 text-center">
      <h1 className="text-xl font-semibold">There is no such page</h1>
      <p className="mt-2 text-muted">Perhaps the address was cut off.</p>
      <p className="mt-4"><Link href="/" className="text-accent underline">To the overview</Link></p>
    </div>
  );
}
